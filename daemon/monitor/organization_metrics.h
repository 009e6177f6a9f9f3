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

/* For all of them as one, without a name: a zeroed total, to which one after the other is added. */
void organization_metrics_add(struct health_organization *total, const struct health_organization *organization);
