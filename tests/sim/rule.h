/* Reply rules: which request gets which status, headers, body, delay or broken connection (README.md). */
#pragma once

#include "sim/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum endless { FINITE, ENDLESS_BODY, ENDLESS_HEADERS };
enum hold { NOT_HELD, HELD_ARRIVED, HELD_ANSWERED };

struct match {
  char *method; /* NULL in this struct: any */
  char *path;   /* after the base path, e.g. "/me/" */
  char *path_prefix;
  char *query; /* a part of the query string */
  char *key;
  long skip;             /* -1: any */
  long page;             /* from 1; -1: any */
  unsigned int from, to; /* of the requests that match all else, counted from 1 */
};

/* How the reply goes out on the wire when no correct server would do it so. */
struct wire {
  bool raw; /* the body is every byte that is sent */
  bool chunked;
  bool cut;
  bool reset;
  enum endless endless;
  size_t cut_after;  /* bytes of the body */
  size_t drip_bytes; /* 0: at once */
  uint32_t drip_ms;
  long content_length; /* -1: the true one */
};

struct rule {
  struct rule *next;
  struct match match;
  unsigned int times; /* 0: always */
  unsigned int seen, applied;
  bool answers; /* false: Close's own answer, only later, broken or with further headers */
  bool bare;    /* without Close's usual headers */
  int status;
  struct text headers; /* lines "name: value\n" */
  struct text body;
  uint32_t delay_ms;
  enum hold hold;      /* until a control request releases it: before the answer is made, or before it goes out */
  double chance;       /* of applying at all; 1 from the start */
  uint64_t random;     /* decides about chances, and what garble does; from the rule's seed */
  unsigned int garble; /* so many bytes of the body are replaced by others */
  long serve_skip;     /* Close's own answer as if this were _skip; -1: as asked */
  char *has_more;      /* JSON text in place of the true one, empty: the member is absent; NULL: the true one */
  struct wire wire;
};

/* What a rule may look at. */
struct rule_subject {
  const char *method;
  const char *path;
  const char *query;
  const char *key; /* NULL: no known key */
  size_t skip;
  size_t limit;
};

/* Appends the rules of a JSON array to *rules. NULL when all went well, else what is wrong. */
const char *rules_read(struct rule **rules, struct json_object *items);

/* The first rule for this request, counted as applied; NULL when none. */
struct rule *rules_match(struct rule *rules, const struct rule_subject *subject);

/* Replaces bytes of the body at places that the rule's seed decides, by ASCII. */
void rule_garble(struct rule *rule, struct text *body);

/* Whether the reply must leave the paths of HTTP. */
bool wire_needed(const struct wire *wire);
