#include "sim/oauth.h"

#include "sim/member.h"
#include "sim/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The scene is only read while answers are made; what tokens change is under a lock of its own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void oauth_finish(struct oauth *oauth) {
  free(oauth->client_id);
  free(oauth->client_secret);
  free(oauth->redirect_uri);
  free(oauth->code);
  free(oauth->access);
  free(oauth->older);
  free(oauth->refresh);
  free(oauth->spent);
  free(oauth->token_file);
  *oauth = (struct oauth){0};
}

static void set_text(char **text, struct json_object *from, const char *name) {
  char *value = member_copy(from, name);
  if (!value)
    return;
  free(*text);
  *text = value;
}

static unsigned long long expiry_ms(const struct oauth *oauth) {
  return monotonic_ms() + (unsigned long long)oauth->expires_in_s * 1000;
}

void oauth_set(struct oauth *oauth, struct json_object *from) {
  pthread_mutex_lock(&lock);
  if (!oauth->client_id)
    oauth->expires_in_s = 3600;
  set_text(&oauth->client_id, from, "client_id");
  set_text(&oauth->client_secret, from, "client_secret");
  set_text(&oauth->redirect_uri, from, "redirect_uri");
  set_text(&oauth->code, from, "code");
  set_text(&oauth->refresh, from, "refresh_token");
  set_text(&oauth->token_file, from, "token_file");
  oauth->expires_in_s = member_number(from, "expires_in", oauth->expires_in_s);
  oauth->refuses = member_bool(from, "refuse", oauth->refuses);
  oauth->revokes = member_bool(from, "revoke", oauth->revokes);
  oauth->forgives = member_bool(from, "forgive", oauth->forgives);
  if (member_string(from, "access_token")) {
    set_text(&oauth->access, from, "access_token");
    oauth->access_until_ms = expiry_ms(oauth);
  }
  pthread_mutex_unlock(&lock);
}

void oauth_tell(const struct oauth *oauth, struct text *json) {
  pthread_mutex_lock(&lock);
  text_string(json, "{\"access_token\": ");
  text_json(json, oauth->access ? oauth->access : "");
  text_string(json, ", \"refresh_token\": ");
  text_json(json, oauth->refresh ? oauth->refresh : "");
  text_format(json, ", \"exchanges\": %u, \"refreshes\": %u, \"refused\": %u, \"violations\": %u}\n", oauth->exchanges,
              oauth->refreshes, oauth->refused, oauth->violations);
  pthread_mutex_unlock(&lock);
}

/* Whether the token file holds the refresh token that came with the newest access token. */
static bool is_on_disk(const struct oauth *oauth) {
  struct text content = {0};
  bool found = !oauth->token_file || !oauth->refresh ||
               (text_file(&content, oauth->token_file) && content.bytes && strstr(content.bytes, oauth->refresh));
  text_finish(&content);
  return found;
}

static bool is_good(const char *known, unsigned long long until_ms, const char *token) {
  return known && strcmp(known, token) == 0 && monotonic_ms() < until_ms;
}

struct organization *oauth_authenticate(const struct scene *scene, const char *token) {
  struct organization *found = NULL;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < scene->count && !found; i++) {
    struct oauth *oauth = &scene->organizations[i].oauth;
    bool newest = is_good(oauth->access, oauth->access_until_ms, token);
    if (newest || is_good(oauth->older, oauth->older_until_ms, token))
      found = &scene->organizations[i];
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void oauth_watch(const struct scene *scene, const struct request *request) {
  const char *given = request->authorization;
  if (!given || strncasecmp(given, "Bearer ", 7) != 0)
    return;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < scene->count; i++) {
    struct oauth *oauth = &scene->organizations[i].oauth;
    if (is_good(oauth->access, oauth->access_until_ms, given + 7) && !is_on_disk(oauth))
      oauth->violations++;
  }
  pthread_mutex_unlock(&lock);
}

static struct organization *find_client(const struct scene *scene, const char *client_id) {
  for (size_t i = 0; client_id && i < scene->count; i++)
    if (scene->organizations[i].oauth.client_id && strcmp(scene->organizations[i].oauth.client_id, client_id) == 0)
      return &scene->organizations[i];
  return NULL;
}

static bool same(const char *left, const char *right) { return left && right && strcmp(left, right) == 0; }

/* ---- consent ---- */

static void consent(const struct scene *scene, const struct request *request, struct answer *answer) {
  char *client_id = request_parameter(request, "client_id");
  char *back = request_parameter(request, "redirect_uri");
  char *state = request_parameter(request, "state");
  char *type = request_parameter(request, "response_type");
  struct organization *organization = find_client(scene, client_id);
  if (!organization || !same(type, "code")) {
    answer_error(answer, 400, "no such client, or response_type is not code");
  } else {
    const struct oauth *oauth = &organization->oauth;
    const char *target = back ? back : oauth->redirect_uri ? oauth->redirect_uri : "https://example.com/back";
    answer->status = 302;
    text_format(&answer->headers, "location: %s?%s=%s&state=%s\n", target, oauth->refuses ? "error" : "code",
                oauth->refuses ? "access_denied"
                : oauth->code  ? oauth->code
                               : "",
                state ? state : "");
  }
  free(client_id);
  free(back);
  free(state);
  free(type);
}

/* ---- tokens ---- */

static void refuse(struct oauth *oauth, struct answer *answer, int status, const char *word) {
  if (oauth)
    oauth->refused++;
  answer_error(answer, status, word);
}

static void give(struct organization *organization, struct answer *answer) {
  struct oauth *oauth = &organization->oauth;
  char text[128];
  free(oauth->older);
  oauth->older = oauth->revokes ? NULL : oauth->access;
  oauth->older_until_ms = oauth->access_until_ms;
  if (oauth->revokes)
    free(oauth->access);
  free(oauth->spent);
  oauth->spent = oauth->refresh;
  oauth->number++;
  snprintf(text, sizeof text, "at_%s_%u", organization->id, oauth->number);
  oauth->access = copy_string(text);
  snprintf(text, sizeof text, "rt_%s_%u", organization->id, oauth->number);
  oauth->refresh = copy_string(text);
  oauth->access_until_ms = expiry_ms(oauth);
  answer->status = 200;
  text_format(&answer->body,
              "{\"token_type\": \"Bearer\", \"access_token\": \"%s\", \"expires_in\": %ld, \"refresh_token\": \"%s\", "
              "\"scope\": \"all.full_access offline_access\", \"organization_id\": \"%s\", \"user_id\": \"%s\"}",
              oauth->access, oauth->expires_in_s, oauth->refresh, organization->id, organization->user_id);
}

static void exchange(struct organization *organization, const char *code, struct answer *answer) {
  struct oauth *oauth = &organization->oauth;
  if (!same(oauth->code, code)) {
    refuse(oauth, answer, 400, "invalid_grant");
    return;
  }
  free(oauth->code);
  oauth->code = NULL;
  oauth->exchanges++;
  give(organization, answer);
}

static void refresh(struct organization *organization, const char *token, struct answer *answer) {
  struct oauth *oauth = &organization->oauth;
  if (!same(oauth->refresh, token) && !(oauth->forgives && same(oauth->spent, token))) {
    refuse(oauth, answer, 400, "invalid_grant");
    return;
  }
  oauth->refreshes++;
  give(organization, answer);
}

/* The credentials are in the body (close-api.md 3.2). */
static void token(const struct scene *scene, const struct request *request, struct answer *answer) {
  struct request *form = request_create(request->body.bytes ? "?" : "");
  free(form->query);
  form->query = copy_string(request->body.bytes ? request->body.bytes : "");
  char *client_id = request_parameter(form, "client_id");
  char *secret = request_parameter(form, "client_secret");
  char *grant = request_parameter(form, "grant_type");
  char *code = request_parameter(form, "code");
  char *spent = request_parameter(form, "refresh_token");
  struct organization *organization = find_client(scene, client_id);
  pthread_mutex_lock(&lock);
  if (strcmp(request->method, "POST") != 0)
    answer_error(answer, 405, "The method is not allowed for the requested URL.");
  else if (!organization || !same(organization->oauth.client_secret, secret))
    refuse(organization ? &organization->oauth : NULL, answer, 401, "invalid_client");
  else if (same(grant, "authorization_code"))
    exchange(organization, code, answer);
  else if (same(grant, "refresh_token"))
    refresh(organization, spent, answer);
  else
    refuse(&organization->oauth, answer, 400, "unsupported_grant_type");
  pthread_mutex_unlock(&lock);
  free(client_id);
  free(secret);
  free(grant);
  free(code);
  free(spent);
  request_destroy(form);
}

bool oauth_answer(const struct scene *scene, const struct request *request, struct answer *answer) {
  bool tokens = strcmp(request->path, "/oauth2/token/") == 0;
  if (!tokens && strcmp(request->path, "/oauth2/authorize/") != 0)
    return false;
  (tokens ? token : consent)(scene, request, answer);
  return true;
}
