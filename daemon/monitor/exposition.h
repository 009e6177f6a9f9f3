#pragma once
/* Prometheus' text exposition format 0.0.4, line by line. Numbers and labels are put together by hand, for there may be 400,000 of them.
 * Whether all fitted is asked of the buffer at the end. */
#include "base/buffer.h"
#include "remote/histogram.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void exposition_head(struct buffer *text, const char *name, const char *type, const char *help);
/* name{organization="acme",LABEL="VALUE"} NUMBER; `organization` NULL or `label` NULL: without it. */
void exposition_sample(struct buffer *text, const char *name, const char *organization, const char *const label[2],
                       int64_t number);
/* name{organization="acme"} NUMBER, in thousandths. */
void exposition_fraction(struct buffer *text, const char *name, const char *organization, int64_t thousandths);
/* Head and one sample without labels. */
void exposition_single(struct buffer *text, const char *const words[3], double value);
/* Head, buckets, sum and count, in seconds. */
void exposition_histogram(struct buffer *text, const char *name, const char *help,
                          const int64_t bounds_ms[HISTOGRAM_BUCKETS], const struct histogram *histogram);
