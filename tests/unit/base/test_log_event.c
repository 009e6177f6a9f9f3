/* Every event has an id of its own, and the catalog explains each, and no other. */
#include "base/log_event.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char catalog[32768];

static void read_catalog(void) {
  const char *source = getenv("CLOSESYNCD_SOURCE");
  char path[4096];
  snprintf(path, sizeof path, "%s/systemd/closesyncd.catalog", source ? source : ".");
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "%s", path);
  catalog[fread(catalog, 1, sizeof catalog - 1, file)] = '\0';
  fclose(file);
}

Test(log_event, has_an_id_and_an_entry) {
  int entries = 0;
  read_catalog();
  cr_assert_null(log_event_id(LOG_EVENT_NONE));
  for (int event = LOG_EVENT_NONE + 1; event < LOG_EVENTS; event++) {
    const char *id = log_event_id((enum log_event)event);
    char start[64];
    cr_assert(id != NULL && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32, "event %d", event);
    for (int other = LOG_EVENT_NONE + 1; other < event; other++)
      cr_assert_str_neq(id, log_event_id((enum log_event)other));
    snprintf(start, sizeof start, "\n-- %s\nSubject: ", id);
    cr_expect_not_null(strstr(catalog, start), "the catalog has no entry %s", id);
  }
  for (const char *at = catalog; (at = strstr(at, "\n-- ")) != NULL; at++)
    entries++;
  cr_assert_eq(entries, LOG_EVENTS - 1, "the catalog explains what is no event");
}
