#pragma once
/* The first page: a verdict, and all organizations, worst first. Pure: from health to HTML. */
#include "monitor/health.h"
#include "monitor/html.h"

enum { INDEX_ROWS = 200 }; /* at once */

struct index_query {
  const char *state, *name; /* of ?state= and ?name= (a part of NAMEs); NULL or "": all */
  int page;                 /* from 1 */
};

/* All organizations in their order, and what they come to: what is long to find out, and serves whatever is asked for while it is young. */
struct index_order;
struct index_order *index_order_create(const struct health *health);
void index_order_destroy(struct index_order *order); /* NULL is allowed */
int index_order_count(const struct index_order *order);
/* What is asked for in another way and comes to the same page is made the same: a state that is none, a page behind the last. */
void index_clamp(const struct index_order *order, struct index_query *query);

/* The order is of as many organizations as there are. */
void index_write(const struct health *health, const struct index_order *order, const struct index_query *query,
                 bool show_addresses, struct html *html);
