#pragma once
/* The metrics that every organization has, and what they are all together. */
#include "monitor/health.h"

struct organization_metric {
  const char *name, *type, *help;
  bool adds_up; /* over organizations, to something that means something */
  void (*write)(const struct health_organization *organization, const char *name, struct buffer *text);
  size_t at; /* `write` NULL: of one number in struct health_organization */
  enum { ORGANIZATION_INT64, ORGANIZATION_INT, ORGANIZATION_BOOL } kind;
};

const struct organization_metric *organization_metric(size_t index); /* NULL behind the last one */

void organization_metric_write(const struct organization_metric *metric, const struct health_organization *organization,
                               struct buffer *text);

/* All of them as one, without a name. */
void organization_metrics_total(const struct health *health, struct health_organization *ret_total);
