/* Every query in the README runs against a mirror of the recorded data, and finds something. */
#include "support/inner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDED_GOOGLE "emailacct_QeGtRecordedGoogle00000000000000000000000000"
#define RECORDED_ZOOM   "emailacct_pSuPRecordedZoom00000000000000000000000000000"

static char *read_readme(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/README.md", story_source());
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "could not open \"%s\"", path);
  char *text = NULL;
  size_t capacity = 0;
  cr_assert(getdelim(&text, &capacity, '\0', file) > 0);
  fclose(file);
  return text;
}

/* Cuts the next block of SQL out of *rest; NULL at the end. */
static char *next_query(char **rest) {
  char *begin = strstr(*rest, "```sql\n");
  if (!begin)
    return NULL;
  begin += strlen("```sql\n");
  char *end = strstr(begin, "```");
  cr_assert_not_null(end, "a block of SQL does not end");
  *end = '\0';
  *rest = end + 1;
  return begin;
}

Test(readme, queries_find_something) {
  struct story *story = story_create(2);
  story_load(story, 1, "documented-sample.json");
  story_load(story, 2, "recorded-shapes.json");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 2, RECORDED_GOOGLE, "{\"send_status\": \"error\", \"latest_send_error\": \"535\"}");
  story_remove(story, 2, RECORDED_ZOOM);
  story_expect_exit(story, 0, "sync", NULL);

  char *readme = read_readme(), *rest = readme, *query;
  int queries = 0;
  while ((query = next_query(&rest)) != NULL) {
    PGresult *result = story_query(story, query, 0, NULL);
    cr_expect(PQntuples(result) > 0, "finds nothing:\n%s", query);
    PQclear(result);
    queries++;
  }
  cr_expect(queries >= 3, "the README has %d queries", queries);
  free(readme);
  story_destroy(story);
}
