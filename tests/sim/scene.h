/* Everything the simulator pretends: organizations, settings, reply rules. Scenes are JSON (README.md). */
#pragma once

#include "sim/journal.h"
#include "sim/organization.h"
#include "sim/rule.h"
#include "sim/timeline.h"

#include <pthread.h>

enum rate_family { RATE_CURRENT, RATE_2017, RATE_ENVOY, RATE_NONE };
enum refusal { REFUSE_JSON, REFUSE_NESTED, REFUSE_FLAT, REFUSE_EMPTY };

struct settings {
  size_t max_limit;
  size_t max_skip;
  bool ignore_paging;                                /* _limit and _skip have no effect, has_more stays false */
  bool ignore_fields;                                /* accounts go out whole, whatever _fields names */
  bool redirect_without_slash, refuse_without_slash; /* else the list is answered without its slash, too */
  bool decimal_reset;                                /* of the header RateLimit; else whole seconds, rounded up */
  bool gzip;
  enum rate_family rate_headers;
  enum refusal refusal; /* the body of a 429 */
};

struct scene {
  struct settings settings;
  struct organization *organizations; /* in the order given; numbers in the journal are from 1 */
  size_t count;
  struct organization **by_key; /* sorted */
  struct rule *rules;
};

/* Shared by all connections. lock: read while an answer is rendered, write while the scene is edited.
 * counters: rules' and limiters' counts, the journal, the time line, and who is held; held for moments only. */
struct sim {
  pthread_rwlock_t lock;
  pthread_mutex_t counters;
  struct scene scene;
  struct journal journal;
  struct timeline timeline;
  pthread_cond_t released;
  size_t held;     /* answers that wait to be released */
  size_t releases; /* how often that happened */
};

void scene_init(struct scene *scene);
void scene_finish(struct scene *scene);

/* Appends an organization; id and user_id are made from its number when NULL. Call scene_index() after the last. */
struct organization *scene_add(struct scene *scene, const char *key, const char *id, const char *user_id);
void scene_index(struct scene *scene);

/* NULL when no organization has this key. */
struct organization *scene_find(const struct scene *scene, const char *key);

/* Adds what a scene file says. NULL when all went well, else what is wrong. */
const char *scene_read(struct scene *scene, const char *json);

/* Adds one organization "api_data_N" from a list reply such as shared/data holds. NULL, or what is wrong. */
const char *scene_read_data(struct scene *scene, const char *json);

/* Adds count organizations "api_generated_N" of accounts each; gzip is off for a scene that holds such. */
void scene_generate(struct scene *scene, size_t count, size_t accounts, unsigned long long seed);
