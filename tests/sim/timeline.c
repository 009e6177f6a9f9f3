/* A time line is made by comparing: after a control request the accounts are compared with the newest known states, so that no kind of
 * edit can be forgotten. Generated accounts are many; theirs are worked out when somebody asks. */
#include "sim/timeline.h"

#include "sim/member.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEPTH_AT_MOST = 512, TOLD_BYTES_AT_MOST = 1 << 20 };

/* What an account is now. */
struct state {
  char *id;
  char *organization_id;
  char *document; /* NULL: gone */
  size_t length;
  size_t round; /* in which it was seen last */
};

struct moment {
  size_t state; /* its number */
  char *organization_id;
  char *document; /* NULL: gone */
  size_t length;
  int64_t at_us;
};

struct line {
  char *key;
  char *organization_id;
  struct state *states;
  size_t state_count, cursor, round;
  struct moment *moments;
  size_t moment_count;
  bool generated;
  struct generator generator; /* a copy: its changes are owned */
  int64_t *generated_at_us;   /* of the beginning and of each change */
  size_t settled;             /* how many of these are among the moments */
};

int64_t timeline_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static char *copy_bytes(const char *bytes, size_t length) {
  char *copy = new_zeroed(length + 1, 1);
  memcpy(copy, bytes, length);
  return copy;
}

static void *make_room(void *array, size_t count, size_t size) {
  return (count & (count - 1)) == 0 ? grow(array, count ? count * 2 : 1, size) : array;
}

static void line_finish(struct line *line) {
  for (size_t i = 0; i < line->state_count; i++) {
    free(line->states[i].id);
    free(line->states[i].organization_id);
    free(line->states[i].document);
  }
  for (size_t i = 0; i < line->moment_count; i++) {
    free(line->moments[i].organization_id);
    free(line->moments[i].document);
  }
  free(line->states);
  free(line->moments);
  free(line->generated_at_us);
  generator_finish(&line->generator);
  free(line->key);
  free(line->organization_id);
}

void timeline_finish(struct timeline *timeline) {
  for (size_t i = 0; i < timeline->count; i++)
    line_finish(&timeline->lines[i]);
  free(timeline->lines);
  *timeline = (struct timeline){0};
}

/* The key's line is probably at `at`, else among the first `known` ones, else it is a new one. */
static struct line *find_line(struct timeline *timeline, const char *key, size_t at, size_t known) {
  if (at < known && strcmp(timeline->lines[at].key, key) == 0)
    return &timeline->lines[at];
  for (size_t i = 0; i < known; i++)
    if (strcmp(timeline->lines[i].key, key) == 0)
      return &timeline->lines[i];
  timeline->lines = make_room(timeline->lines, timeline->count, sizeof(struct line));
  struct line *line = &timeline->lines[timeline->count++];
  *line = (struct line){.key = copy_string(key)};
  return line;
}

/* ---- verbatim accounts ---- */

/* Accounts mostly come in the order in which they came before. */
static struct state *find_state(struct line *line, const char *id) {
  for (size_t i = 0; i < line->state_count; i++) {
    struct state *state = &line->states[(line->cursor + i) % line->state_count];
    if (strcmp(state->id, id) == 0) {
      line->cursor = (size_t)(state - line->states) + 1;
      return state;
    }
  }
  line->states = make_room(line->states, line->state_count, sizeof(struct state));
  struct state *state = &line->states[line->state_count++];
  *state = (struct state){.id = copy_string(id), .organization_id = copy_string(line->organization_id)};
  return state;
}

static void add_moment(struct line *line, const struct state *state, const char *document, size_t length,
                       int64_t at_us) {
  line->moments = make_room(line->moments, line->moment_count, sizeof(struct moment));
  line->moments[line->moment_count++] = (struct moment){.state = (size_t)(state - line->states),
                                                        .organization_id = copy_string(state->organization_id),
                                                        .document = document ? copy_bytes(document, length) : NULL,
                                                        .length = length,
                                                        .at_us = at_us};
}

/* NULL when it is none. */
static struct json_object *parse(const char *json, size_t length) {
  struct json_tokener *tokener = json_tokener_new_ex(DEPTH_AT_MOST);
  struct json_object *parsed = json_tokener_parse_ex(tokener, json, (int)length);
  json_tokener_free(tokener);
  return parsed;
}

/* The account's own organization, when it names one. */
static void read_organization(struct state *state) {
  struct json_object *parsed = parse(state->document, state->length);
  char *own = json_object_is_type(parsed, json_type_object) ? member_copy(parsed, "organization_id") : NULL;
  if (own && *own) {
    free(state->organization_id);
    state->organization_id = own;
  } else {
    free(own);
  }
  json_object_put(parsed);
}

static void note_account(struct line *line, const char *id, const char *document, size_t length, int64_t at_us) {
  struct state *state = find_state(line, id);
  state->round = line->round;
  if (state->document && state->length == length && memcmp(state->document, document, length) == 0)
    return;
  free(state->document);
  state->document = copy_bytes(document, length);
  state->length = length;
  read_organization(state);
  add_moment(line, state, document, length, at_us);
}

static void note_absent(struct line *line, int64_t at_us) {
  for (size_t i = 0; i < line->state_count; i++) {
    struct state *state = &line->states[i];
    if (!state->document || state->round == line->round)
      continue;
    free(state->document);
    state->document = NULL;
    add_moment(line, state, NULL, 0, at_us);
  }
}

/* ---- generated ones ---- */

/* Brings the moments up to what the generator has gone through. */
static void settle(struct line *line) {
  struct text text = {0};
  while (line->generated && line->settled <= line->generator.change_count) {
    struct generator then = line->generator;
    then.change_count = line->settled;
    line->round++;
    for (size_t n = 0; n < then.count; n++) {
      char id[GENERATED_ID_BYTES];
      generate_account_id(then.seed, n, id);
      text.length = 0;
      generate_account(&text, &then, line->organization_id, n);
      note_account(line, id, text.bytes, text.length, line->generated_at_us[line->settled]);
    }
    note_absent(line, line->generated_at_us[line->settled]);
    line->settled++;
  }
  text_finish(&text);
}

static void follow_generator(struct line *line, const struct generator *generator, int64_t at_us) {
  struct generator *own = &line->generator;
  if (!line->generated || own->seed != generator->seed || own->count != generator->count ||
      own->change_count > generator->change_count) {
    settle(line);
    generator_finish(own);
    *own = (struct generator){.seed = generator->seed, .count = generator->count};
    line->generated = true;
    line->settled = 0;
    line->generated_at_us = grow(line->generated_at_us, 1, sizeof at_us);
    line->generated_at_us[0] = at_us;
  }
  while (own->change_count < generator->change_count) {
    line->generated_at_us = grow(line->generated_at_us, own->change_count + 2, sizeof at_us);
    line->generated_at_us[own->change_count + 1] = at_us;
    generator_change(own, generator->changes[own->change_count]);
  }
}

/* ---- all ---- */

static void note_organization(struct line *line, const struct organization *organization, int64_t at_us) {
  if (!line->organization_id || strcmp(line->organization_id, organization->id) != 0) {
    settle(line);
    free(line->organization_id);
    line->organization_id = copy_string(organization->id);
  }
  if (organization->generated) {
    follow_generator(line, &organization->generator, at_us);
    return;
  }
  settle(line);
  line->generated = false;
  line->round++;
  line->cursor = 0;
  for (size_t i = 0; i < organization->count; i++)
    if (organization->accounts[i].id)
      note_account(line, organization->accounts[i].id, organization->accounts[i].text, organization->accounts[i].length,
                   at_us);
  note_absent(line, at_us);
}

static bool is_among(const struct organization *organizations, size_t count, const char *key, size_t at) {
  if (at < count && strcmp(organizations[at].key, key) == 0)
    return true;
  for (size_t i = 0; i < count; i++)
    if (strcmp(organizations[i].key, key) == 0)
      return true;
  return false;
}

void timeline_note(struct timeline *timeline, const struct organization *organizations, size_t count, int64_t at_us) {
  size_t known = timeline->count;
  for (size_t i = 0; i < count; i++)
    note_organization(find_line(timeline, organizations[i].key, i, known), &organizations[i], at_us);
  for (size_t i = 0; i < timeline->count; i++) {
    struct line *line = &timeline->lines[i];
    if (is_among(organizations, count, line->key, i))
      continue;
    settle(line);
    line->generated = false;
    line->round++;
    note_absent(line, at_us);
  }
}

/* The account was this for a moment, and then what it was before. */
static void tell_account(struct line *line, const char *id, const char *document) {
  struct state *state = find_state(line, id);
  int64_t at_us = timeline_now_us();
  add_moment(line, state, document, document ? strlen(document) : 0, at_us);
  add_moment(line, state, state->document, state->length, at_us + 1);
}

static void tell_object(struct line *line, struct json_object *account) {
  const char *id = json_object_is_type(account, json_type_object) ? member_string(account, "id") : NULL;
  if (id)
    tell_account(line, id,
                 json_object_to_json_string_ext(account, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

void timeline_told(struct timeline *timeline, const char *key, const char *account_id, int status,
                   const struct text *body) {
  struct line *line = find_line(timeline, key, 0, timeline->count);
  bool is_read = status == 200 && body->length && body->length <= TOLD_BYTES_AT_MOST;
  struct json_object *told = is_read ? parse(body->bytes, body->length) : NULL;
  struct json_object *data = NULL;
  settle(line);
  if (status == 404 && account_id)
    tell_account(line, account_id, NULL);
  else if (json_object_is_type(told, json_type_object) && json_object_object_get_ex(told, "data", &data) &&
           json_object_is_type(data, json_type_array))
    for (size_t i = 0; i < json_object_array_length(data); i++)
      tell_object(line, json_object_array_get_idx(data, i));
  else
    tell_object(line, told);
  json_object_put(told);
}

static void add_hex(struct text *json, const char *bytes, size_t length) {
  static const char digits[] = "0123456789abcdef";
  text_string(json, "\"");
  text_reserve(json, 2 * length + 1);
  for (size_t i = 0; i < length; i++) {
    json->bytes[json->length++] = digits[(unsigned char)bytes[i] >> 4];
    json->bytes[json->length++] = digits[(unsigned char)bytes[i] & 15];
  }
  text_string(json, "\"");
}

static void list_moment(struct text *json, const struct line *line, const struct moment *moment) {
  const struct state *state = &line->states[moment->state];
  text_string(json, "{\"key\": ");
  text_json(json, line->key);
  text_string(json, ", \"organization_id\": ");
  add_hex(json, moment->organization_id, strlen(moment->organization_id));
  text_string(json, ", \"account_id\": ");
  add_hex(json, state->id, strlen(state->id));
  text_format(json, ", \"at_us\": %lld, \"document\": ", (long long)moment->at_us);
  if (moment->document)
    add_hex(json, moment->document, moment->length);
  else
    text_string(json, "null");
  text_string(json, "}");
}

void timeline_list(struct timeline *timeline, struct text *json) {
  const char *separator = "";
  text_string(json, "[");
  for (size_t i = 0; i < timeline->count; i++) {
    struct line *line = &timeline->lines[i];
    settle(line);
    for (size_t k = 0; k < line->moment_count; k++) {
      text_string(json, separator);
      list_moment(json, line, &line->moments[k]);
      separator = ",\n";
    }
  }
  text_string(json, "]\n");
}
