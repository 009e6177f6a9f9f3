/* The values of labels are escaped, so that none ends its quotes. */
#include "monitor/exposition.h"
#include "base/text.h"
#include <inttypes.h>

static void append_label_value(struct buffer *text, const char *value) {
  struct slice rest = slice_of(value);
  while (rest.length > 0) {
    size_t skip, length = text_utf8_character(rest, &skip);
    if (length == 0)
      buffer_append(text, "\xef\xbf\xbd", 3);
    else if (*rest.bytes == '\n')
      buffer_append(text, "\\n", 2);
    else if (*rest.bytes == '"' || *rest.bytes == '\\')
      buffer_append(text, (char[]){'\\', *rest.bytes}, 2);
    else
      buffer_append(text, rest.bytes, length);
    rest.bytes += length ? length : skip;
    rest.length -= length ? length : skip;
  }
}

static void append_number(struct buffer *text, int64_t number) {
  char digits[24];
  char *at = digits + sizeof digits;
  uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
  *--at = '\n';
  do
    *--at = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (number < 0)
    *--at = '-';
  buffer_append(text, at, (size_t)(digits + sizeof digits - at));
}

void exposition_head(struct buffer *text, const char *name, const char *type, const char *help) {
  buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_name(struct buffer *text, const char *name, const char *organization, const char *const label[2]) {
  buffer_append_text(text, name);
  if (organization == NULL && label == NULL) {
    buffer_append_text(text, " ");
    return;
  }
  if (organization != NULL) {
    buffer_append_text(text, "{organization=\"");
    append_label_value(text, organization);
  }
  if (label != NULL) {
    buffer_append_text(text, organization == NULL ? "{" : "\",");
    buffer_append_text(text, label[0]);
    buffer_append_text(text, "=\"");
    append_label_value(text, label[1]);
  }
  buffer_append_text(text, "\"} ");
}

void exposition_sample(struct buffer *text, const char *name, const char *organization, const char *const label[2],
                       int64_t number) {
  append_name(text, name, organization, label);
  append_number(text, number);
}

void exposition_fraction(struct buffer *text, const char *name, const char *organization, int64_t thousandths) {
  append_name(text, name, organization, NULL);
  buffer_append_format(text, "%.15g\n", (double)thousandths / 1000);
}

void exposition_single(struct buffer *text, const char *const words[3], double value) {
  exposition_head(text, words[0], words[1], words[2]);
  buffer_append_format(text, "%s %.15g\n", words[0], value);
}

void exposition_histogram(struct buffer *text, const char *name, const char *help,
                          const int64_t bounds_ms[HISTOGRAM_BUCKETS], const struct histogram *histogram) {
  int64_t count = 0;
  exposition_head(text, name, "histogram", help);
  for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
    count += histogram->counts[i];
    buffer_append_format(text, "%s_bucket{le=\"%g\"} %" PRId64 "\n", name, (double)bounds_ms[i] / 1000, count);
  }
  count += histogram->counts[HISTOGRAM_BUCKETS];
  buffer_append_format(text, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum %.3f\n%s_count %" PRId64 "\n", name, count,
                       name, (double)histogram->sum_ms / 1000, name, count);
}
