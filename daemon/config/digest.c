/* The digest differs when two daemons have different work in mind. The order of sections makes no difference. */
#include "config/digest.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 256 * 1024 * 1024 };

static int compare_names(const void *left, const void *right) {
  const struct config_organization *const *a = left, *const *b = right;
  return strcmp((*a)->name, (*b)->name);
}

static void append_number(struct buffer *text, int64_t number) { buffer_append_format(text, "%" PRId64 "\n", number); }

static void append_text(struct buffer *text, const char *value) {
  buffer_append_format(text, "%s\n", value == NULL ? "" : value);
}

static void append_settings(struct buffer *text, const struct config *config) {
  const int64_t numbers[] = {config->api.page_size,
                             config->sync.interval_ms,
                             (int64_t)(config->sync.jitter * 1e6),
                             config->sync.deadline_ms,
                             config->sync.gap_ms,
                             config->sync.verify_interval_ms,
                             config->sync.flush_interval_ms,
                             (int64_t)(config->sync.max_removed * 1e6),
                             config->sync.notify,
                             config->sync.members,
                             config->history.retention_ms,
                             config->fleet.ttl_ms,
                             config->sync.volatile_fields.count};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    append_number(text, numbers[i]);
  append_text(text, config->api.base_url);
  append_text(text, config->sync.fields.asked_text);
  for (int i = 0; i < config->sync.volatile_fields.count; i++)
    append_text(text, config->sync.volatile_fields.names[i]);
}

static void append_organization(struct buffer *text, const struct config_organization *organization) {
  append_text(text, organization->name);
  append_number(text, organization->way);
  append_text(text, organization->organization_id);
  append_text(text, organization->user_id);
  append_number(text, organization->interval_ms);
}

void config_digest(const struct config *config, unsigned char ret_digest[HASH_BYTES]) {
  size_t count = (size_t)config->organization_count;
  const struct config_organization **sorted = memory_allocate(sizeof *sorted * (count + 1));
  struct hasher *hasher = hasher_create();
  struct buffer text;
  buffer_init(&text, TEXT_BYTES_MAX);
  append_settings(&text, config);
  for (size_t i = 0; i < count; i++)
    sorted[i] = &config->organizations[i];
  qsort(sorted, count, sizeof *sorted, compare_names);
  for (size_t i = 0; i < count; i++)
    if (sorted[i]->enabled)
      append_organization(&text, sorted[i]);
  hasher_digest(hasher, buffer_slice(&text), ret_digest);
  buffer_finish(&text);
  hasher_destroy(hasher);
  memory_free(sorted);
}
