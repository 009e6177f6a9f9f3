#include "store/changes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct change field(const char *id, const char *name, const char *before, const char *after) {
  return (struct change){.kind = CHANGE_CHANGED,
                         .account_id = slice_of(id),
                         .type = slice_of("zoom"),
                         .field = slice_of(name),
                         .before = before == NULL ? (struct slice){NULL, 0} : slice_of(before),
                         .after = after == NULL ? (struct slice){NULL, 0} : slice_of(after)};
}

static struct change whole(enum change_kind kind, const char *id, const char *email) {
  return (struct change){.kind = kind, .account_id = slice_of(id), .email = slice_of(email)};
}

static struct changes *some(void) {
  struct changes *changes = changes_create();
  struct change list[] = {whole(CHANGE_ADDED, "a", "a\"@x"), field("b", "n", "1", "2"), field("b", "o", NULL, "null"),
                          whole(CHANGE_REMOVED, "c", "c@x")};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    cr_assert(changes_add(changes, &list[i], NULL));
  return changes;
}

Test(changes, are_counted_by_account) {
  struct changes *changes = some();
  cr_assert_eq(changes_count(changes, CHANGE_ADDED), 1);
  cr_assert_eq(changes_count(changes, CHANGE_CHANGED), 1);
  cr_assert_eq(changes_count(changes, CHANGE_REMOVED), 1);
  changes_destroy(changes);
}

Test(changes, come_back_in_order_as_often_as_asked) {
  struct changes *changes = some();
  struct error error = {0};
  for (int time = 0; time < 2; time++) {
    static const char *const ids[] = {"a", "b", "b", "c"};
    struct change change;
    cr_assert(changes_rewind(changes, &error));
    for (int i = 0; i < 4; i++) {
      cr_assert(changes_next(changes, &change, &error));
      cr_assert(slice_equals(change.account_id, ids[i]));
      cr_assert_eq(change.begins, i != 2);
      cr_assert_eq(change.field.bytes != NULL, i == 1 || i == 2);
      cr_assert_eq(change.before.bytes != NULL, i == 1);
    }
    cr_assert_not(changes_next(changes, &change, &error));
    cr_assert_eq(error.kind, ERROR_NONE);
  }
  changes_destroy(changes);
}

static char *as_json(struct changes *changes) {
  char *text = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  cr_assert(changes_print_json(changes, stream, NULL));
  fclose(stream);
  return text;
}

Test(changes, are_json_as_promised) {
  struct changes *changes = some(), *none = changes_create();
  char *text = as_json(changes), *empty = as_json(none);
  cr_assert_str_eq(
      text, "[{\"change\": \"added\", \"account_id\": \"a\", \"type\": null, \"email\": \"a\\\"@x\", \"fields\": {}}, "
            "{\"change\": \"changed\", \"account_id\": \"b\", \"type\": \"zoom\", \"email\": null, "
            "\"fields\": {\"n\": [1, 2], \"o\": [null, null]}}, "
            "{\"change\": \"removed\", \"account_id\": \"c\", \"type\": null, \"email\": \"c@x\", \"fields\": {}}]");
  cr_assert_str_eq(empty, "[]");
  free(text);
  free(empty);
  changes_destroy(changes);
  changes_destroy(none);
  changes_destroy(NULL);
}

Test(changes, may_be_many) {
  struct changes *changes = changes_create();
  struct change change;
  struct error error = {0};
  char id[32], value[1024];
  memset(value, 'x', sizeof value);
  value[0] = value[sizeof value - 2] = '"';
  value[sizeof value - 1] = '\0';
  for (int i = 0; i < 20000; i++) { /* 20 MB: past what is kept in memory */
    snprintf(id, sizeof id, "account%d", i);
    change = field(id, "email", value, "null");
    cr_assert(changes_add(changes, &change, &error));
  }
  cr_assert_eq(changes_count(changes, CHANGE_CHANGED), 20000);
  cr_assert(changes_rewind(changes, &error));
  for (int i = 0; i < 20000; i++) {
    snprintf(id, sizeof id, "account%d", i);
    cr_assert(changes_next(changes, &change, &error) && slice_equals(change.account_id, id) &&
              slice_equals(change.before, value));
  }
  changes_destroy(changes);
}

Test(changes, have_four_names) {
  static const char *const names[CHANGE_KINDS] = {"added", "changed", "removed", "rescoped"};
  enum change_kind kind;
  for (int i = 0; i < CHANGE_KINDS; i++)
    cr_assert(change_parse(slice_of(names[i]), &kind) && kind == (enum change_kind)i);
  cr_assert_not(change_parse(slice_of("renamed"), &kind));
}
