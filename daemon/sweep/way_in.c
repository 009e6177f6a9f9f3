#include "sweep/way_in.h"
#include <stdio.h>

static enum token_kind kind_of(const struct config_organization *organization) {
  return organization->way == CONFIG_OAUTH ? TOKEN_OF_OAUTH : TOKEN_OF_FILE;
}

static struct token_settings settings_of(const struct config *config, const struct config_organization *organization) {
  return (struct token_settings){.name = organization->name,
                                 .kind = kind_of(organization),
                                 .path = organization->token_path,
                                 .url = config->api.oauth_url,
                                 .client = {organization->client_id, organization->redirect_uri, organization->key}};
}

void way_in_adopt(struct tokens *tokens, const struct config *config) {
  tokens_begin(tokens);
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    struct token_settings settings = settings_of(config, organization);
    if (organization->enabled && organization->token_path != NULL)
      tokens_add(tokens, &settings);
  }
}

void way_in_retry(const struct sweep_context *shared, const struct config_organization *organization) {
  bool had_key = organization->key != NULL;
  config_retry_key(shared->config, organization);
  if (had_key || organization->key == NULL || organization->token_path == NULL)
    return;
  struct token *token = tokens_find(shared->tokens, kind_of(organization), organization->token_path);
  struct token_settings settings = settings_of(shared->config, organization);
  if (token != NULL)
    token_configure(token, &settings);
}

struct way_in way_in_of(const struct sweep_context *shared, const struct config_organization *organization) {
  const char *path = organization->token_path;
  struct slice who = slice_of(path != NULL ? path : organization->key != NULL ? secret_expose(organization->key) : "");
  return (struct way_in){.key = path == NULL ? organization->key : NULL,
                         .token = path == NULL ? NULL : tokens_find(shared->tokens, kind_of(organization), path),
                         .rate_limit = rate_limits_of(shared->rate_limits, who)};
}

struct api_request_options way_in_options(const struct sweep_context *shared,
                                          const struct config_organization *organization,
                                          struct api_request_traffic *traffic) {
  struct way_in way_in = way_in_of(shared, organization);
  return (struct api_request_options){.loop = shared->loop,
                                      .request_queue = shared->request_queue,
                                      .random = shared->random,
                                      .key = way_in.key,
                                      .token = way_in.token,
                                      .rate_limit = way_in.rate_limit,
                                      .traffic = traffic};
}

const char *way_in_noun(const struct config_organization *organization) {
  return organization->way == CONFIG_OAUTH          ? "OAuth token"
         : organization->way == CONFIG_ACCESS_TOKEN ? "access token"
                                                    : "key";
}

void way_in_advise(const struct config_organization *organization, char *ret_text, size_t size) {
  if (organization->way == CONFIG_OAUTH)
    snprintf(ret_text, size, "run `closesyncd authorize %s`", organization->name);
  else
    snprintf(ret_text, size, "give a valid %s", way_in_noun(organization));
}
