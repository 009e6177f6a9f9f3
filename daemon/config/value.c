/* Judges of plain values: durations, sizes, shares, numbers, words, lists. Addresses have a room of their own. */
#include "config/value.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES_MAX = 500 }; /* of Close's: as an account's, and it enters the address of a request */

const char *config_say(const struct config_rule *rule, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const char *copy = arena_copy(rule->arena, text, strlen(text));
  return copy ? copy : "something else";
}

/* "a duration like 10s, at least 100ms and at most 1d" */
static const char *say_bounds(const struct config_rule *rule, const char *noun) {
  return config_say(rule, "%s%s%s%s%s", noun, rule->least ? ", at least " : "", rule->least ? rule->least : "",
                    rule->most ? ", at most " : "", rule->most ? rule->most : "");
}

const char *config_keep(const struct config_rule *rule, const char *text, size_t length, const char **target) {
  const char *copy = length ? arena_copy(rule->arena, text, length) : NULL;
  if (length && !copy)
    return "shorter: the configuration is too large";
  *target = copy;
  return NULL;
}

const char *config_judge_text(const struct config_rule *rule, const char *text, void *target) {
  return config_keep(rule, text, strlen(text), target);
}

const char *config_judge_id(const struct config_rule *rule, const char *text, void *target) {
  if (strlen(text) > ID_BYTES_MAX)
    return "an id of at most 500 bytes";
  return config_keep(rule, text, strlen(text), target);
}

const char *config_judge_path(const struct config_rule *rule, const char *text, void *target) {
  if (*text && *text != '/')
    return "an absolute path";
  return config_keep(rule, text, strlen(text), target);
}

const char *config_judge_duration(const struct config_rule *rule, const char *text, void *target) {
  int64_t ms, least = 0, most = INT64_MAX;
  bool bounds = (!rule->least || text_parse_duration(rule->least, &least)) &&
                (!rule->most || text_parse_duration(rule->most, &most));
  if (!bounds || !text_parse_duration(text, &ms) || ms < least || ms > most)
    return say_bounds(rule, "a duration like 500ms, 10s, 5m, 1h or 1d");
  *(int64_t *)target = ms;
  return NULL;
}

const char *config_judge_retention(const struct config_rule *rule, const char *text, void *target) {
  if (strcmp(text, "forever") != 0)
    return config_judge_duration(rule, text, target) ? say_bounds(rule, "\"forever\" or a duration like 365d") : NULL;
  *(int64_t *)target = 0;
  return NULL;
}

const char *config_judge_size(const struct config_rule *rule, const char *text, void *target) {
  size_t bytes, least = 0, most = SIZE_MAX;
  bool bounds =
      (!rule->least || text_parse_size(rule->least, &least)) && (!rule->most || text_parse_size(rule->most, &most));
  if (!bounds || !text_parse_size(text, &bytes) || bytes < least || bytes > most)
    return say_bounds(rule, "a size like 64KiB or 32MiB");
  *(size_t *)target = bytes;
  return NULL;
}

const char *config_judge_share(const struct config_rule *rule, const char *text, void *target) {
  double share;
  if (!text_parse_share(text, &share) || share > 1)
    return config_say(rule, "a share from 0%% to 100%%, like 20%%");
  *(double *)target = share;
  return NULL;
}

const char *config_judge_number(const struct config_rule *rule, const char *text, void *target) {
  size_t digits = strspn(text, "0123456789");
  long number = digits && digits <= 9 && !text[digits] ? strtol(text, NULL, 10) : -1;
  if (number < 0 || number < strtol(rule->least, NULL, 10) || number > strtol(rule->most, NULL, 10))
    return say_bounds(rule, "a whole number");
  *(int *)target = (int)number;
  return NULL;
}

const char *config_judge_bool(const struct config_rule *rule, const char *text, void *target) {
  (void)rule;
  return text_parse_bool(text, target) ? NULL : "yes or no";
}

const char *config_judge_level(const struct config_rule *rule, const char *text, void *target) {
  (void)rule;
  return log_level_parse(text, target) ? NULL : "error, warning, info or debug";
}

const char *config_judge_format(const struct config_rule *rule, const char *text, void *target) {
  bool json = strcmp(text, "json") == 0;
  (void)rule;
  if (!json && strcmp(text, "text") != 0)
    return "text or json";
  *(enum log_format *)target = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
  return NULL;
}

static int compare_texts(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Cuts `text` at its commas, in place; the parts are trimmed. -1 when one of them is empty. */
static int split(char *text, const char **names) {
  int count = 0;
  for (char *at = text, *next; at; at = next) {
    next = strchr(at, ',');
    if (next)
      *next++ = '\0';
    at += strspn(at, " \t");
    size_t length = strlen(at);
    while (length && strchr(" \t", at[length - 1]))
      at[--length] = '\0';
    if (length == 0)
      return -1;
    names[count++] = at;
  }
  return count;
}

const char *config_judge_names(const struct config_rule *rule, const char *text, void *target) {
  struct config_names *names = target;
  if (!*text) {
    *names = (struct config_names){.names = NULL, .count = 0};
    return NULL;
  }
  size_t most = 1;
  for (const char *at = text; (at = strchr(at, ',')); at++)
    most++;
  char *copy = arena_copy(rule->arena, text, strlen(text));
  const char **list = arena_allocate(rule->arena, most * sizeof *list);
  if (!copy || !list)
    return "shorter: the configuration is too large";
  int count = split(copy, list);
  if (count < 0)
    return "field names with a comma between them, or nothing";
  qsort(list, (size_t)count, sizeof *list, compare_texts);
  int unique = 1;
  for (int i = 1; i < count; i++) {
    if (strcmp(list[i], list[unique - 1]) != 0)
      list[unique++] = list[i];
  }
  *names = (struct config_names){.names = list, .count = unique};
  return NULL;
}

const char *config_judge_schema(const struct config_rule *rule, const char *text, void *target) {
  size_t length = strlen(text);
  if (length == 0 || length > 63)
    return "1 to 63 bytes long";
  if (strncmp(text, "pg_", 3) == 0 || strcmp(text, "information_schema") == 0)
    return "another name: information_schema and what begins with pg_ is PostgreSQL's own";
  return config_keep(rule, text, strlen(text), target);
}

/* A name, no path: anything else would leave $CREDENTIALS_DIRECTORY. */
const char *config_judge_credential(const struct config_rule *rule, const char *text, void *target) {
  if (strchr(text, '/') || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 || strlen(text) > 255)
    return "the plain name of a file under $CREDENTIALS_DIRECTORY";
  return config_keep(rule, text, strlen(text), target);
}
