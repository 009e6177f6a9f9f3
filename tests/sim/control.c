/* Control requests: no authentication, as the simulator listens on loopback only and knows nothing worth hiding. */
#include "sim/control.h"

#include "sim/member.h"

#include <stdlib.h>
#include <string.h>

/* One control request; the write lock is held. organization is NULL when no (known) key was given. */
struct control {
  struct sim *sim;
  struct organization *organization;
  const struct request *request;
  struct answer *answer;
};

static void problem(struct control *control, const char *text) {
  if (text)
    answer_error(control->answer, 400, text);
}

static const char *body_of(const struct control *control) {
  return control->request->body.bytes ? control->request->body.bytes : "";
}

static void put_scene(struct control *control) {
  struct scene scene;
  scene_init(&scene);
  const char *wrong = scene_read(&scene, body_of(control));
  if (wrong) {
    scene_finish(&scene);
    problem(control, wrong);
    return;
  }
  scene_finish(&control->sim->scene);
  control->sim->scene = scene;
}

static void put_rules(struct control *control) {
  struct json_object *items = json_tokener_parse(body_of(control));
  struct rule *rules = NULL;
  const char *wrong = rules_read(&rules, items);
  if (!wrong)
    control->sim->scene.rules = rules;
  problem(control, wrong);
  json_object_put(items);
}

static void put_accounts(struct control *control) {
  struct json_object *items = json_tokener_parse(body_of(control));
  problem(control, organization_replace(control->organization, items));
  json_object_put(items);
}

static void list_accounts(struct control *control) {
  text_string(&control->answer->body, "{\"data\":[");
  organization_page(control->organization, NULL, 0, SIZE_MAX, &control->answer->body);
  text_string(&control->answer->body, "]}\n");
}

static void put_account(struct control *control) {
  char *id = request_parameter(control->request, "id");
  char *listed = request_parameter(control->request, "listed");
  organization_put(control->organization, id, &control->request->body, !listed || strcmp(listed, "0") != 0);
  free(id);
  free(listed);
}

static void delete_account(struct control *control) {
  char *id = request_parameter(control->request, "id");
  if (!id || !organization_delete(control->organization, id))
    answer_error(control->answer, 404, "no such account");
  free(id);
}

/* Merges the body's members into the account's; ?remove=NAME takes one away. */
static void edit_account(struct control *control) {
  char *id = request_parameter(control->request, "id");
  char *removed = request_parameter(control->request, "remove");
  struct text text = {0};
  bool found = id && organization_account(control->organization, id, &text);
  struct json_object *account = found ? json_tokener_parse(text.bytes) : NULL;
  struct json_object *edits = json_tokener_parse(body_of(control));
  if (json_object_is_type(account, json_type_object)) {
    if (json_object_is_type(edits, json_type_object)) {
      json_object_object_foreach(edits, name, value) { json_object_object_add(account, name, json_object_get(value)); }
    }
    if (removed)
      json_object_object_del(account, removed);
    text.length = 0;
    text_string(&text,
                json_object_to_json_string_ext(account, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    organization_put(control->organization, id, &text, true);
  } else {
    answer_error(control->answer, 404, "no such account, or it is no JSON object");
  }
  json_object_put(account);
  json_object_put(edits);
  text_finish(&text);
  free(id);
  free(removed);
}

/* ?organization_id= and ?user_id= replace them; a body replaces the reply of /me/. */
static void edit_organization(struct control *control) {
  struct organization *organization = control->organization;
  char *id = request_parameter(control->request, "organization_id");
  char *user_id = request_parameter(control->request, "user_id");
  if (id) {
    free(organization->id);
    organization->id = id;
  }
  if (user_id) {
    free(organization->user_id);
    organization->user_id = user_id;
  }
  free(organization->me);
  organization->me = control->request->body.length ? copy_string(control->request->body.bytes) : NULL;
}

static void set_oauth(struct control *control) {
  struct json_object *from = json_tokener_parse(body_of(control));
  if (json_object_is_type(from, json_type_object))
    oauth_set(&control->organization->oauth, from);
  else
    problem(control, "the body is no JSON object");
  json_object_put(from);
}

static void tell_oauth(struct control *control) { oauth_tell(&control->organization->oauth, &control->answer->body); }

static void change_accounts(struct control *control) {
  char *percent = request_parameter(control->request, "percent");
  char *seed = request_parameter(control->request, "seed");
  struct change change = {
      .percent = percent ? strtod(percent, NULL) : 1,
      .seed = seed ? strtoull(seed, NULL, 10) : 1,
  };
  struct scene *scene = &control->sim->scene;
  for (size_t i = 0; i < scene->count; i++) {
    struct organization *organization = &scene->organizations[i];
    if (organization->generated && (!control->organization || control->organization == organization))
      generator_change(&organization->generator, change);
  }
  free(percent);
  free(seed);
}

static void list_requests(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  journal_list(&control->sim->journal, &control->answer->body);
  pthread_mutex_unlock(&control->sim->counters);
}

static void count_requests(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  journal_counts(&control->sim->journal, &control->answer->body);
  pthread_mutex_unlock(&control->sim->counters);
}

static void forget_requests(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  journal_clear(&control->sim->journal);
  pthread_mutex_unlock(&control->sim->counters);
}

static void list_timeline(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  text_format(&control->answer->body, "{\"now_us\": %lld, \"moments\": ", (long long)timeline_now_us());
  timeline_list(&control->sim->timeline, &control->answer->body);
  text_string(&control->answer->body, "}\n");
  pthread_mutex_unlock(&control->sim->counters);
}

static void count_held(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  text_format(&control->answer->body, "{\"held\": %zu}\n", control->sim->held);
  pthread_mutex_unlock(&control->sim->counters);
}

static void release(struct control *control) {
  pthread_mutex_lock(&control->sim->counters);
  control->sim->releases++;
  control->sim->held = 0; /* at once: who asks next is told of the next ones */
  pthread_cond_broadcast(&control->sim->released);
  pthread_mutex_unlock(&control->sim->counters);
}

/* After whatever may have changed an account; nobody can be answered meanwhile. */
static void note_time(struct sim *sim) {
  pthread_mutex_lock(&sim->counters);
  timeline_note(&sim->timeline, sim->scene.organizations, sim->scene.count, timeline_now_us());
  pthread_mutex_unlock(&sim->counters);
}

struct route {
  const char *method;
  const char *path;
  bool needs_organization;
  void (*act)(struct control *control);
};

static const struct route ROUTES[] = {
    {"PUT", "/_sim/scene", false, put_scene},
    {"POST", "/_sim/replies", false, put_rules},
    {"POST", "/_sim/accounts", true, put_accounts},
    {"GET", "/_sim/accounts", true, list_accounts},
    {"PUT", "/_sim/account", true, put_account},
    {"DELETE", "/_sim/account", true, delete_account},
    {"POST", "/_sim/edit", true, edit_account},
    {"POST", "/_sim/organization", true, edit_organization},
    {"POST", "/_sim/oauth", true, set_oauth},
    {"GET", "/_sim/oauth", true, tell_oauth},
    {"POST", "/_sim/change", false, change_accounts},
    {"GET", "/_sim/requests", false, list_requests},
    {"DELETE", "/_sim/requests", false, forget_requests},
    {"GET", "/_sim/counts", false, count_requests},
    {"GET", "/_sim/timeline", false, list_timeline},
    {"GET", "/_sim/held", false, count_held},
    {"POST", "/_sim/release", false, release},
};

static const struct route *find_route(const struct request *request) {
  for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
    if (strcmp(ROUTES[i].method, request->method) == 0 && strcmp(ROUTES[i].path, request->path) == 0)
      return &ROUTES[i];
  return NULL;
}

void control_answer(struct sim *sim, const struct request *request, struct answer *answer) {
  const struct route *route = find_route(request);
  char *key = request_parameter(request, "key");
  answer->status = 200;
  pthread_rwlock_wrlock(&sim->lock);
  struct control control = {
      .sim = sim,
      .organization = key ? scene_find(&sim->scene, key) : NULL,
      .request = request,
      .answer = answer,
  };
  if (!route)
    answer_error(answer, 404, "no such control request");
  else if (route->needs_organization && !control.organization)
    answer_error(answer, 404, "no organization has this key");
  else
    route->act(&control);
  if (strcmp(request->method, "GET") != 0)
    note_time(sim);
  pthread_rwlock_unlock(&sim->lock);
  free(key);
}
