/* Close's own behaviour; texts of errors as its framework gives them (close-api.md 2, 5.2). */
#include "sim/close.h"

#include "sim/member.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char BASE[] = "/api/v1";
static const char ACCOUNTS[] = "/connected_account/";
static const char NOT_FOUND[] =
    "The requested URL was not found on the server. If you entered the URL manually please check your "
    "spelling and try again.";
static const char UNAUTHORIZED[] =
    "{\n  \"error\": \"The server could not verify that you are authorized to access the URL requested.  You "
    "either supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to "
    "supply the credentials required.\"\n}";

const char *close_path(const struct request *request) {
  size_t length = sizeof BASE - 1;
  if (strncmp(request->path, BASE, length) != 0 || request->path[length] != '/')
    return NULL;
  return request->path + length;
}

struct organization *close_authenticate(const struct scene *scene, const struct request *request) {
  const char *given = request->authorization;
  if (!given)
    return NULL;
  if (strncasecmp(given, "Bearer ", 7) == 0) {
    struct organization *by_key = scene_find(scene, given + 7);
    return by_key ? by_key : oauth_authenticate(scene, given + 7);
  }
  struct text pair = {0};
  struct organization *organization = NULL;
  if (strncasecmp(given, "Basic ", 6) == 0 && text_base64(&pair, given + 6) && pair.length) {
    char *colon = strchr(pair.bytes, ':');
    if (colon && colon[1] == '\0') {
      *colon = '\0';
      organization = scene_find(scene, pair.bytes);
    }
  }
  text_finish(&pair);
  return organization;
}

static bool read_count(const struct request *request, const char *name, size_t *count) {
  char *value = request_parameter(request, name);
  bool good = true;
  if (value) {
    char *end;
    *count = strtoul(value, &end, 10);
    good = *value >= '0' && *value <= '9' && *end == '\0';
    free(value);
  }
  return good;
}

const char *close_paging(const struct request *request, size_t *skip, size_t *limit) {
  *skip = 0;
  *limit = 100;
  bool skip_is_number = read_count(request, "_skip", skip);
  if (!read_count(request, "_limit", limit))
    return "_limit";
  return skip_is_number ? NULL : "_skip";
}

/* Adds those members of the account that the comma-separated list names. */
static void add_chosen(struct text *body, struct json_object *account, const char *fields) {
  struct json_object *chosen = json_object_new_object();
  for (const char *at = fields; *at;) {
    size_t length = strcspn(at, ",");
    char *name = strndup(at, length);
    struct json_object *value = NULL;
    if (name && json_object_object_get_ex(account, name, &value))
      json_object_object_add(chosen, name, json_object_get(value));
    free(name);
    at += length + (at[length] == ',');
  }
  text_string(body, json_object_to_json_string_ext(chosen, JSON_C_TO_STRING_PLAIN));
  json_object_put(chosen);
}

/* Rewrites the accounts in rows (joined by commas) with the chosen fields only. */
static void choose_fields(struct text *rows, const char *fields) {
  struct text array = {0};
  text_string(&array, "[");
  text_add(&array, rows->bytes, rows->length);
  text_string(&array, "]");
  struct json_object *parsed = json_tokener_parse(array.bytes);
  text_finish(&array);
  if (!parsed)
    return;
  rows->length = 0;
  for (size_t i = 0; i < json_object_array_length(parsed); i++) {
    if (i)
      text_string(rows, ",");
    add_chosen(rows, json_object_array_get_idx(parsed, i), fields);
  }
  json_object_put(parsed);
}

static void apply_fields(struct text *rows, const struct request *request) {
  char *fields = request_parameter(request, "_fields");
  if (fields && strcmp(fields, "_all") != 0 && rows->length)
    choose_fields(rows, fields);
  free(fields);
}

static bool paging_error(const struct settings *settings, const struct request *request, size_t *skip, size_t *limit,
                         struct answer *answer) {
  struct text error = {0};
  char *limit_text = request_parameter(request, "_limit");
  const char *wrong = close_paging(request, skip, limit);
  char *wrong_text = wrong ? request_parameter(request, wrong) : NULL;
  if (!limit_text && *limit > settings->max_limit)
    *limit = settings->max_limit; /* the default is never refused */
  if (wrong)
    text_format(&error, "%s must be an integer (got \"%s\" instead).", wrong, wrong_text ? wrong_text : "");
  else if (*limit > settings->max_limit)
    text_format(&error, "The limit you set is larger than the maximum limit for this resource (max_limit = %zu).",
                settings->max_limit);
  else if (*skip > settings->max_skip)
    text_format(&error,
                "The skip you set is larger than the maximum skip for this resource (max_skip = %zu). "
                "Please refine your search query.",
                settings->max_skip);
  if (error.length)
    answer_error(answer, 400, error.bytes);
  free(limit_text);
  free(wrong_text);
  bool refused = error.length > 0;
  text_finish(&error);
  return refused;
}

static void list(const struct scene *scene, const struct organization *organization, const struct request *request,
                 const struct bend *bend, struct answer *answer) {
  size_t skip = 0;
  size_t limit = SIZE_MAX;
  const struct settings *settings = &scene->settings;
  if (!settings->ignore_paging && paging_error(settings, request, &skip, &limit, answer))
    return;
  if (bend->skip >= 0)
    skip = (size_t)bend->skip;
  char *user_id = request_parameter(request, "user_id");
  char *fields = settings->ignore_fields ? NULL : request_parameter(request, "_fields");
  text_string(&answer->body, "{\"data\":[");
  struct text rows = {0};
  struct text *target = fields ? &rows : &answer->body;
  size_t total = organization_page(organization, user_id, skip, limit, target);
  if (fields) {
    apply_fields(&rows, request);
    text_add(&answer->body, rows.bytes, rows.length);
  }
  const char *more = total > skip && total - skip > limit ? "true" : "false";
  more = bend->has_more ? bend->has_more : more;
  text_format(&answer->body, "]%s%s}", *more ? ",\"has_more\":" : "", more);
  text_finish(&rows);
  free(fields);
  free(user_id);
}

static void single(const struct settings *settings, const struct organization *organization,
                   const struct request *request, const char *rest, struct answer *answer) {
  char *id = strndup(rest, strlen(rest) - 1);
  struct text text = {0};
  if (id && organization_account(organization, id, &text)) {
    if (!settings->ignore_fields)
      apply_fields(&text, request);
    text_add(&answer->body, text.bytes, text.length);
  } else {
    answer_error(answer, 404, "Empty query: ConnectedAccount matching query does not exist.");
  }
  text_finish(&text);
  free(id);
}

static void me(const struct organization *organization, struct answer *answer) {
  if (organization->me) {
    text_string(&answer->body, organization->me);
    return;
  }
  text_format(&answer->body,
              "{\"id\":\"%s\",\"email\":\"key@example.com\",\"first_name\":\"Key\",\"last_name\":\"Owner\","
              "\"image\":null,\"date_created\":\"2021-07-13T11:36:04.983404\","
              "\"date_updated\":\"2022-11-12T18:00:00\",\"organizations\":[{\"id\":\"%s\",\"name\":"
              "\"Simulated\"}],\"memberships\":[{\"id\":\"memb_sim\",\"organization_id\":\"%s\","
              "\"user_id\":\"%s\",\"role_id\":\"admin\"}],\"email_accounts\":[]}",
              organization->user_id, organization->id, organization->id, organization->user_id);
}

static void person(struct text *list, const char *user_id) {
  text_format(
      list,
      "%s{\"id\":\"memb_%s\",\"user_id\":\"%s\",\"user_email\":\"%s@example.com\",\"user_full_name\":\"Person %s\","
      "\"role_id\":\"admin\",\"permissions_granted\":[]}",
      list->length ? "," : "", user_id, user_id, user_id, user_id);
}

/* The key's user and every owner of an account are members; nobody has left. */
static void organization_itself(const struct organization *organization, struct answer *answer) {
  struct text page = {0}, list = {0};
  organization_page(organization, NULL, 0, SIZE_MAX, &page);
  struct json_object *seen = json_object_new_object();
  struct json_object *accounts = NULL;
  struct text array = {0};
  text_format(&array, "[%s]", page.bytes ? page.bytes : "");
  accounts = json_tokener_parse(array.bytes);
  person(&list, organization->user_id);
  json_object_object_add(seen, organization->user_id, NULL);
  for (size_t i = 0; accounts && i < json_object_array_length(accounts); i++) {
    const char *user_id = member_string(json_object_array_get_idx(accounts, i), "user_id");
    if (user_id && !json_object_object_get_ex(seen, user_id, NULL)) {
      person(&list, user_id);
      json_object_object_add(seen, user_id, NULL);
    }
  }
  text_format(
      &answer->body,
      "{\"id\":\"%s\",\"name\":\"Simulated\",\"currency\":\"USD\",\"memberships\":[%s],\"inactive_memberships\":[],"
      "\"lead_statuses\":[],\"pipelines\":[]}",
      organization->id, list.bytes);
  json_object_put(accounts);
  json_object_put(seen);
  text_finish(&array);
  text_finish(&page);
  text_finish(&list);
}

/* Whether the path asks for this organization; of another one there is nothing to see. */
static bool asks_for(const struct organization *organization, const char *path) {
  static const char start[] = "/organization/";
  size_t length = strlen(organization->id);
  return strncmp(path, start, sizeof start - 1) == 0 &&
         strncmp(path + sizeof start - 1, organization->id, length) == 0 &&
         strcmp(path + sizeof start - 1 + length, "/") == 0;
}

static void without_slash(const struct settings *settings, const struct request *request, struct answer *answer) {
  if (!settings->redirect_without_slash) {
    answer_error(answer, 404, NOT_FOUND);
    return;
  }
  size_t path_length = strcspn(request->target, "?");
  answer->status = 301;
  text_format(&answer->headers, "location: %.*s/%s\n", (int)path_length, request->target,
              request->target + path_length);
}

void close_answer(const struct scene *scene, const struct organization *organization, const struct request *request,
                  const struct bend *bend, struct answer *answer) {
  const char *path = close_path(request);
  size_t length = path ? strlen(path) : 0;
  const struct settings *settings = &scene->settings;
  bool bare_list = path && strcmp(path, "/connected_account") == 0;
  if (bare_list && !settings->redirect_without_slash && !settings->refuse_without_slash)
    path = ACCOUNTS; /* Airbyte's connector asks so, with success */
  const char *rest = path && strncmp(path, ACCOUNTS, sizeof ACCOUNTS - 1) == 0 ? path + sizeof ACCOUNTS - 1 : NULL;
  answer->status = 200;
  if (oauth_answer(scene, request, answer))
    return;
  if (path && (strcmp(path, "/connected_account") == 0 || strcmp(path, "/me") == 0 ||
               (rest && length && *rest && path[length - 1] != '/'))) {
    without_slash(settings, request, answer);
  } else if (!path || (!rest && strcmp(path, "/me/") != 0 && !(organization && asks_for(organization, path)))) {
    answer_error(answer, 404, NOT_FOUND);
  } else if (!organization) {
    answer->status = 401;
    text_string(&answer->body, UNAUTHORIZED);
  } else if (strcmp(request->method, "GET") != 0) {
    text_string(&answer->headers, "allow: GET\n");
    answer_error(answer, 405, "The method is not allowed for the requested URL.");
  } else if (!rest && asks_for(organization, path)) {
    organization_itself(organization, answer);
  } else if (!rest) {
    me(organization, answer);
  } else if (*rest) {
    single(settings, organization, request, rest, answer);
  } else {
    list(scene, organization, request, bend, answer);
  }
}
