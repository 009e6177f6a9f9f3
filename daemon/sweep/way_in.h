#pragma once
/* What an organization's requests are sent with, from its configuration: an API key as it is, or a token that lives longer than any
 * configuration. */
#include "remote/api_request.h"
#include "sweep/context.h"

struct way_in {             /* borrowed: the key from the configuration, the rest from the process */
  const struct secret *key; /* NULL: `token` */
  struct token *token;
  struct rate_limit *rate_limit;
};

/* The tokens of a configuration that is in force from now on. */
void way_in_adopt(struct tokens *tokens, const struct config *config);
/* A key or client secret that could not be read is read again; a token is told of its own. */
void way_in_retry(const struct sweep_context *shared, const struct config_organization *organization);
struct way_in way_in_of(const struct sweep_context *shared, const struct config_organization *organization);
/* For its requests; `traffic` is borrowed. */
struct api_request_options way_in_options(const struct sweep_context *shared,
                                          const struct config_organization *organization,
                                          struct api_request_traffic *traffic);

/* For people: "key", "access token", "OAuth token"; and what to do when Close refuses it. */
const char *way_in_noun(const struct config_organization *organization);
void way_in_advise(const struct config_organization *organization, char *ret_text, size_t size);
