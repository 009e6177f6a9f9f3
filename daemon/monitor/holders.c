#include "monitor/holders.h"
#include "app.h"
#include "base/index.h"
#include "base/memory.h"
#include "io/db_array.h"
#include "sql/embedded.h"
#include <string.h>

enum { NAMES_BYTES_MAX = 16 * 1024 * 1024 };

struct holder {
  char *name, *member;
};

struct daemon {
  char *member, *configuration;
  int64_t slots;
};

struct holders {
  struct index *index;
  struct holder *all;
  uint32_t count, capacity;
  struct daemon *daemons;
  int daemon_count;
};

static struct slice holder_key(const void *context, uint32_t number) {
  const struct holders *holders = context;
  return slice_of(holders->all[number].name);
}

struct holders *holders_create(void) {
  struct holders *holders = memory_allocate(sizeof *holders);
  holders->index = index_create(holder_key, holders, 0);
  return holders;
}

void holders_destroy(struct holders *holders) {
  if (holders == NULL)
    return;
  for (uint32_t i = 0; i < holders->count; i++) {
    memory_free(holders->all[i].name);
    memory_free(holders->all[i].member);
  }
  for (int i = 0; i < holders->daemon_count; i++) {
    memory_free(holders->daemons[i].member);
    memory_free(holders->daemons[i].configuration);
  }
  index_destroy(holders->index);
  memory_free(holders->all);
  memory_free(holders->daemons);
  memory_free(holders);
}

static void on_holder(void *context, const struct db_row *row) {
  struct holders *holders = context;
  bool is_new;
  if (holders->count == holders->capacity) {
    holders->capacity = holders->capacity == 0 ? 64 : 2 * holders->capacity;
    holders->all = memory_resize(holders->all, sizeof *holders->all * holders->capacity);
  }
  uint32_t number = index_add(holders->index, db_row_text(row, 0), &is_new);
  if (is_new)
    holders->all[number] =
        (struct holder){.name = slice_copy(db_row_text(row, 0)), .member = slice_copy(db_row_text(row, 1))};
  holders->count = index_count(holders->index);
}

static void on_daemon(void *context, const struct db_row *row) {
  struct holders *holders = context;
  holders->daemons = memory_resize(holders->daemons, sizeof *holders->daemons * ((size_t)holders->daemon_count + 1));
  holders->daemons[holders->daemon_count++] = (struct daemon){.member = slice_copy(db_row_text(row, 1)),
                                                              .configuration = slice_copy(db_row_text(row, 2)),
                                                              .slots = db_row_int(row, 3)};
}

void holders_ask(struct holders *holders, struct db *db, const struct config *config) {
  struct db_statement organizations = {.sql = sql_query_fleet_holders, .count = 1, .read_only = true},
                      daemons = {.sql = sql_query_fleet_daemons, .read_only = true};
  struct buffer names;
  buffer_init(&names, NAMES_BYTES_MAX);
  for (int i = 0; i < config->organization_count; i++)
    db_array_append(&names, slice_of(config->organizations[i].name));
  if (db_array_close(&names)) {
    organizations.values[0] = buffer_slice(&names);
    db_query(db, &organizations, on_holder, NULL, holders);
    db_query(db, &daemons, on_daemon, NULL, holders);
  }
  buffer_finish(&names);
}

int holders_width(const struct holders *holders) {
  int width = 0;
  for (int i = 0; i < holders->daemon_count; i++)
    if ((int)strlen(holders->daemons[i].member) > width)
      width = (int)strlen(holders->daemons[i].member);
  return width;
}

const char *holders_find(const struct holders *holders, struct slice name) {
  uint32_t number;
  return index_find(holders->index, name, &number) ? holders->all[number].member : NULL;
}

static bool differ(const struct holders *holders) {
  for (int i = 1; i < holders->daemon_count; i++)
    if (strcmp(holders->daemons[i].configuration, holders->daemons[0].configuration) != 0)
      return true;
  return false;
}

static const char differing[] =
    "the configurations of the fleet's daemons differ in organizations or settings: give all daemons the same";

/* Whatever a configuration somewhere calls itself. */
static void print_clean(const char *member) {
  struct buffer clean;
  buffer_init(&clean, 64 * 1024);
  if (text_append_clean(&clean, slice_of(member)) && clean.length > 0)
    fputs(clean.bytes, stdout);
  buffer_finish(&clean);
}

void holders_print(const struct holders *holders) {
  for (int i = 0; i < holders->daemon_count; i++) {
    const struct daemon *daemon = &holders->daemons[i];
    fputs(i == 0 ? "fleet: " : "       ", stdout);
    print_clean(daemon->member);
    printf(" has %lld of 256 slots\n", (long long)daemon->slots);
  }
  if (differ(holders))
    puts(differing);
}

void holders_warn(const struct holders *holders) {
  if (differ(holders))
    app_complain("%s", differing);
}
