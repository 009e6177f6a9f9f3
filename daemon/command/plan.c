/* `closesyncd plan`: what `sync` would write, account by account and field by field, without writing it. Email addresses are shown:
 * this is stdout, not a log. An added or removed account is one line, as it is one row of the history. */
#include "command/command.h"
#include "command/sweeps.h"

struct widths {
  int type, email, field;
};

enum { TYPE_COLUMNS = 12, EMAIL_COLUMNS_MAX = 48, FIELD_COLUMNS_MAX = 32 };

static void widen(int *width, struct slice text, int most) {
  int columns = terminal_columns(text);
  if (columns > *width)
    *width = columns < most ? columns : most;
}

static bool measure(const struct report *report, struct widths *ret_widths, struct error *error) {
  struct change change;
  *ret_widths = (struct widths){.type = TYPE_COLUMNS};
  if (!changes_rewind(report->changes, error))
    return false;
  while (changes_next(report->changes, &change, error)) {
    widen(&ret_widths->email, change.email, EMAIL_COLUMNS_MAX);
    widen(&ret_widths->field, change.field, FIELD_COLUMNS_MAX);
  }
  return error->kind == ERROR_NONE && changes_rewind(report->changes, error);
}

static void print_account(const struct terminal *terminal, const struct widths *widths, const struct change *change) {
  static const struct {
    enum tone tone;
    const char *sign;
  } signs[] = {[CHANGE_ADDED] = {TONE_GOOD, "+"},
               [CHANGE_CHANGED] = {TONE_CHANGE, "~"},
               [CHANGE_REMOVED] = {TONE_BAD, "-"},
               [CHANGE_RESCOPED] = {TONE_CHANGE, "="}};
  fputs("  ", stdout);
  terminal_word(terminal, signs[change->kind].tone, 1, signs[change->kind].sign);
  putchar(' ');
  terminal_clean(widths->type, change->type);
  fputs("  ", stdout);
  terminal_clean(widths->email, change->email);
  fputs("  ", stdout);
  terminal_clean(0, change->account_id);
  if (change->kind == CHANGE_RESCOPED)
    fputs("  rescoped: sync.exclude_fields changed, not Close", stdout);
  putchar('\n');
}

static void print_value(const struct terminal *terminal, const struct change *change, struct slice json) {
  if (json.bytes == NULL)
    terminal_word(terminal, TONE_QUIET, 0, change->kind == CHANGE_RESCOPED ? "not asked for" : "absent");
  else
    terminal_clean(0, json);
}

static void print_field(const struct terminal *terminal, const struct widths *widths, const struct change *change) {
  fputs("      ", stdout);
  terminal_clean(widths->field, change->field);
  fputs("  ", stdout);
  print_value(terminal, change, change->before);
  fputs(" → ", stdout);
  print_value(terminal, change, change->after);
  putchar('\n');
}

static void tell_text(const struct terminal *terminal, const struct report *report) {
  struct widths widths;
  struct change change;
  struct error error = {0};
  if (report->changes == NULL)
    return;
  bool good = measure(report, &widths, &error);
  while (good && changes_next(report->changes, &change, &error)) {
    if (change.begins)
      print_account(terminal, &widths, &change);
    if (change.field.bytes != NULL)
      print_field(terminal, &widths, &change);
  }
  if (error.kind != ERROR_NONE)
    app_complain("%s: %s", report->organization, error.text);
}

static bool tell_json(const struct report *report, FILE *stream) {
  fputs(", \"changes\": ", stream);
  if (report->changes != NULL)
    return changes_print_json(report->changes, stream, NULL);
  fputs("[]", stream);
  return true;
}

int command_plan(const struct arguments *arguments) {
  struct sweeps_options options = {.plan = true, .tell_text = tell_text, .tell_json = tell_json};
  return sweeps_run(arguments, &options);
}
