/* Rules as data. A rule is never freed: a reply may still be dripping when the scene has long been replaced. */
#include "sim/rule.h"

#include "sim/member.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool wire_needed(const struct wire *wire) {
  return wire->raw || wire->chunked || wire->cut || wire->reset || wire->endless != FINITE || wire->drip_bytes > 0 ||
         wire->content_length >= 0;
}

static void read_match(struct match *match, struct json_object *from) {
  long nth = member_number(from, "nth", 0);
  match->method = member_copy(from, "method");
  match->path = member_copy(from, "path");
  match->path_prefix = member_copy(from, "path_prefix");
  match->query = member_copy(from, "query");
  match->key = member_copy(from, "key");
  match->skip = member_number(from, "skip", -1);
  match->page = member_number(from, "page", -1);
  match->from = (unsigned int)member_number(from, "from", nth ? nth : 1);
  match->to = (unsigned int)member_number(from, "to", nth ? nth : UINT_MAX);
}

static void repeat_text(struct text *body, struct json_object *repeat) {
  const char *before = member_string(repeat, "before");
  const char *piece = member_string(repeat, "text");
  const char *after = member_string(repeat, "after");
  text_string(body, before ? before : "");
  for (long i = 0; piece && i < member_number(repeat, "count", 0); i++)
    text_string(body, piece);
  text_string(body, after ? after : "");
}

/* The body, from whichever member gives one; *given tells whether any did. */
static const char *read_body(struct text *body, struct json_object *from, bool *given) {
  const char *plain = member_string(from, "body");
  const char *base64 = member_string(from, "body_base64");
  const char *file = member_string(from, "body_file");
  struct json_object *json = json_object_object_get(from, "body_json");
  struct json_object *repeat = json_object_object_get(from, "body_repeat");
  *given = plain || base64 || file || json || repeat;
  if (plain)
    text_string(body, plain);
  else if (base64 && !text_base64(body, base64))
    return "body_base64 holds no base64";
  else if (file && !text_file(body, file))
    return "body_file cannot be read";
  else if (json)
    text_string(body, json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
  else if (repeat)
    repeat_text(body, repeat);
  return NULL;
}

static void pack_body(struct rule *rule, struct json_object *from) {
  size_t zeros = (size_t)member_number(from, "body_zeros", 0);
  rule->answers |= zeros > 0;
  if (member_bool(from, "gzip", false) && rule->answers) {
    struct text packed = {0};
    text_gzip(&packed, rule->body.bytes, rule->body.length, zeros);
    text_finish(&rule->body);
    rule->body = packed;
    text_string(&rule->headers, "content-encoding: gzip\n");
  } else if (zeros) {
    text_reserve(&rule->body, zeros);
    memset(rule->body.bytes + rule->body.length, 0, zeros + 1);
    rule->body.length += zeros;
  }
}

static void read_headers(struct text *headers, struct json_object *from) {
  struct json_object *object = json_object_object_get(from, "headers");
  if (!json_object_is_type(object, json_type_object))
    return;
  json_object_object_foreach(object, name, value) {
    text_format(headers, "%s: %s\n", name, json_object_get_string(value));
  }
}

static void read_wire(struct wire *wire, struct json_object *from) {
  struct json_object *drip = json_object_object_get(from, "drip");
  const char *endless = member_string(from, "endless");
  long cut_after = member_number(from, "cut_after", -1);
  wire->raw = member_bool(from, "raw", false);
  wire->chunked = member_bool(from, "chunked", false);
  wire->cut = cut_after >= 0;
  wire->cut_after = wire->cut ? (size_t)cut_after : 0;
  wire->reset = member_bool(from, "reset", false);
  wire->drip_bytes = drip ? (size_t)member_number(drip, "bytes", 1) : 0;
  wire->drip_ms = drip ? (uint32_t)member_number(drip, "every_ms", 10) : 0;
  wire->content_length = member_number(from, "content_length", -1);
  if (endless)
    wire->endless = strcmp(endless, "headers") == 0 ? ENDLESS_HEADERS : ENDLESS_BODY;
}

static const char *read_rule(struct rule *rule, struct json_object *from) {
  read_match(&rule->match, json_object_object_get(from, "match"));
  rule->times = (unsigned int)member_number(from, "times", 0);
  rule->status = (int)member_number(from, "status", 0);
  rule->delay_ms = (uint32_t)member_number(from, "delay_ms", 0);
  const char *hold = member_string(from, "hold");
  if (hold)
    rule->hold = strcmp(hold, "arrived") == 0 ? HELD_ARRIVED : HELD_ANSWERED;
  rule->bare = member_bool(from, "bare", false);
  struct json_object *chance = json_object_object_get(from, "chance");
  rule->chance = chance ? json_object_get_double(chance) : 1;
  rule->random = (uint64_t)member_number(from, "seed", 1);
  rule->garble = (unsigned int)member_number(from, "garble", 0);
  rule->serve_skip = member_number(from, "serve_skip", -1);
  rule->has_more = member_copy(from, "has_more");
  read_headers(&rule->headers, from);
  const char *location = member_string(from, "redirect");
  if (location)
    text_format(&rule->headers, "location: %s\n", location);
  bool body_given = false;
  const char *problem = read_body(&rule->body, from, &body_given);
  read_wire(&rule->wire, from);
  rule->answers = rule->status || body_given || location || rule->wire.raw || rule->wire.endless != FINITE;
  pack_body(rule, from);
  if (!rule->status)
    rule->status = location ? 302 : 200;
  return problem;
}

const char *rules_read(struct rule **rules, struct json_object *items) {
  if (!json_object_is_type(items, json_type_array))
    return "replies are no array";
  while (*rules)
    rules = &(*rules)->next;
  const char *problem = NULL;
  for (size_t i = 0; i < json_object_array_length(items) && !problem; i++) {
    struct rule *rule = new_zeroed(1, sizeof *rule);
    problem = read_rule(rule, json_object_array_get_idx(items, i));
    *rules = rule;
    rules = &rule->next;
  }
  return problem;
}

static bool same(const char *wanted, const char *actual) { return !wanted || (actual && strcmp(wanted, actual) == 0); }

static bool fits(const struct match *match, const struct rule_subject *subject) {
  if (!same(match->method, subject->method) || !same(match->path, subject->path) || !same(match->key, subject->key))
    return false;
  if (match->path_prefix && strncmp(subject->path, match->path_prefix, strlen(match->path_prefix)) != 0)
    return false;
  if (match->query && !strstr(subject->query, match->query))
    return false;
  if (match->skip >= 0 && (size_t)match->skip != subject->skip)
    return false;
  return match->page < 0 || (size_t)match->page == subject->skip / (subject->limit ? subject->limit : 1) + 1;
}

/* 0 … 2^31 - 1, from the rule's seed. */
static uint32_t draw(struct rule *rule) {
  rule->random = rule->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(rule->random >> 33);
}

void rule_garble(struct rule *rule, struct text *body) {
  for (unsigned int i = 0; i < rule->garble && body->length; i++)
    body->bytes[draw(rule) % body->length] = (char)(' ' + draw(rule) % 95);
}

struct rule *rules_match(struct rule *rules, const struct rule_subject *subject) {
  for (struct rule *rule = rules; rule; rule = rule->next) {
    if (!fits(&rule->match, subject))
      continue;
    rule->seen++;
    if (rule->seen < rule->match.from || rule->seen > rule->match.to)
      continue;
    if (rule->times && rule->applied >= rule->times)
      continue;
    if (rule->chance < 1 && draw(rule) >= rule->chance * 0x1p31)
      continue;
    rule->applied++;
    return rule;
  }
  return NULL;
}
