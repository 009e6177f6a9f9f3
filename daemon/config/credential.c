/* Decides by which way an organization gets in, and reads what that takes. A place is shown in a message only when it looks like a
 * place, for the most likely mistake is to write the secret itself there. */
#include "config/credential.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/organization.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *file_key, *name_key;
} keys[CREDENTIALS] = {{"api_key_file", "api_key_credential"},
                       {"access_token_file", "access_token_credential"},
                       {"oauth_client_secret_file", "oauth_client_secret_credential"}};

static bool is_named(const struct config_credential *credential) {
  return credential->file || credential->name || credential->refused;
}

static bool is_oauth(const struct config_draft *draft) {
  const struct config_organization *organization = &draft->organization;
  return organization->client_id || organization->redirect_uri || draft->token_file ||
         is_named(&draft->credentials[CREDENTIAL_CLIENT_SECRET]);
}

static void judge_pairs(const struct config_draft *draft, struct config_problems *problems) {
  for (int i = 0; i < CREDENTIALS; i++) {
    const struct config_credential *credential = &draft->credentials[i];
    if (credential->file && credential->name)
      config_problem(problems, credential->from->file, credential->from->line,
                     "organization \"%s\" has both %s and %s: keep one of them", draft->organization.name,
                     keys[i].file_key, keys[i].name_key);
  }
}

static void judge_oauth(const struct config_draft *draft, struct config_problems *problems) {
  const char *name = draft->organization.name;
  if (!draft->organization.client_id)
    config_problem(problems, draft->file, draft->line,
                   "organization \"%s\" has no oauth_client_id, which its other oauth_ keys need", name);
  if (!is_named(&draft->credentials[CREDENTIAL_CLIENT_SECRET]))
    config_problem(problems, draft->file, draft->line,
                   "organization \"%s\" has no client secret: set oauth_client_secret_file (a path) or "
                   "oauth_client_secret_credential (a name)",
                   name);
}

void config_judge_way(struct config_draft *draft, struct config_problems *problems) {
  bool key = is_named(&draft->credentials[CREDENTIAL_KEY]), token = is_named(&draft->credentials[CREDENTIAL_TOKEN]);
  bool oauth = is_oauth(draft);
  judge_pairs(draft, problems);
  draft->organization.way = oauth ? CONFIG_OAUTH : token ? CONFIG_ACCESS_TOKEN : CONFIG_API_KEY;
  if (!key && !token && !oauth && draft->organization.enabled)
    config_problem(problems, draft->file, draft->line,
                   "organization \"%s\" has no key: set api_key_file (a path) or api_key_credential (a name), or "
                   "access_token_file, or oauth_client_id",
                   draft->organization.name);
  else if (key + token + oauth > 1)
    config_problem(problems, draft->file, draft->line,
                   "organization \"%s\" has more than one way in (%s%s%s): keep one of them", draft->organization.name,
                   key ? "an API key, " : "", token ? "an access token" : "", oauth ? token ? ", OAuth" : "OAuth" : "");
  else if (oauth)
    judge_oauth(draft, problems);
}

static int number_of(const struct config_organization *organization) {
  return organization->way == CONFIG_OAUTH          ? CREDENTIAL_CLIENT_SECRET
         : organization->way == CONFIG_ACCESS_TOKEN ? CREDENTIAL_TOKEN
                                                    : CREDENTIAL_KEY;
}

const struct config_credential *config_credential_of(const struct config_draft *draft) {
  return &draft->credentials[number_of(&draft->organization)];
}

/* Why the credential is not there. Its name is not told: it may be a key. */
static bool refuse_credential(struct config_organization *organization, int reason, struct error *error) {
  const char *path = organization->key_path, *key = keys[number_of(organization)].name_key;
  int folder = (int)(strrchr(path, '/') - path);
  organization->key_is_hidden = reason == EACCES;
  if (organization->key_is_hidden)
    return error_set(error, ERROR_CONFIG,
                     "this user may not look into \"%.*s\" for what %s names: run it as the service's, "
                     "sudo -u closesyncd closesyncd ...",
                     folder, path, key);
  return error_set(error, ERROR_CONFIG,
                   "\"%.*s\" holds no file of the name in %s: pass it to the service with LoadCredential= and restart "
                   "that; it is there only while the service runs",
                   folder, path, key);
}

void config_read_key(struct config_organization *organization, struct secret_room *room) {
  struct error error;
  const char *path = organization->key_path;
  if (organization->key || !path)
    return;
  memory_free(organization->key_problem);
  organization->key_problem = NULL;
  bool there =
      !organization->key_is_credential || access(path, F_OK) == 0 || refuse_credential(organization, errno, &error);
  if (!there || !secret_read_file(path, room, &organization->key, &error))
    organization->key_problem = memory_copy_text(error.text);
}

void config_read_credential(struct config_draft *draft, struct slice folder, struct secret_room *room,
                            struct arena *arena) {
  struct config_organization *organization = &draft->organization;
  const struct config_credential *credential = config_credential_of(draft);
  char path[8192];
  if (!organization->enabled || !credential->file == !credential->name)
    return;
  int length = credential->file
                   ? snprintf(path, sizeof path, "%s", credential->file)
                   : snprintf(path, sizeof path, "%.*s/%s", (int)folder.length, folder.bytes, credential->name);
  bool fits = length > 0 && (size_t)length < sizeof path;
  organization->key_is_credential = credential->name != NULL;
  organization->key_path = fits ? arena_copy(arena, path, (size_t)length) : NULL;
  config_read_key(organization, room);
  if (organization->way == CONFIG_ACCESS_TOKEN)
    organization->token_path = organization->key_path;
}

bool config_same_way(const struct config_organization *left, const struct config_organization *right) {
  bool both = left->key != NULL && right->key != NULL;
  return left->way == right->way && (both ? secret_equals(left->key, right->key) : left->key == right->key) &&
         text_equals(left->token_path, right->token_path) && text_equals(left->client_id, right->client_id);
}
