#pragma once
/* The first page: a verdict, and all organizations, worst first. Pure: from health to HTML. */
#include "monitor/health.h"
#include "monitor/html.h"

enum { INDEX_ROWS = 200 }; /* at once */

struct index_query {
  const char *state, *name; /* of ?state= and ?name= (a part of NAMEs); NULL or "": all */
  int page;                 /* from 1 */
};

void index_write(const struct health *health, const struct index_query *query, bool show_addresses, struct html *html);
