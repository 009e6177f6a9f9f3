#pragma once
/* The four URLs of Close's API that are ever asked (close-api.md 1.1). Always with the trailing slash: no redirect is followed. */
#include "base/text.h"

/* How a page is asked for: a server that refuses the parameters is asked without them (contract 5.4). */
enum request_paging { REQUEST_LIMIT_AND_SKIP, REQUEST_SKIP_ONLY, REQUEST_PLAIN };

struct request_list {
  enum request_paging paging;
  int limit;
  size_t skip;
  const char *user_id; /* or NULL */
};

/* All false only when the buffer's limit would be exceeded. The buffer is cleared first. */
bool request_list_url(struct buffer *url, const char *base_url, const struct request_list *list)
    __attribute__((warn_unused_result));
bool request_account_url(struct buffer *url, const char *base_url, struct slice account_id)
    __attribute__((warn_unused_result));
bool request_organization_url(struct buffer *url, const char *base_url, struct slice organization_id)
    __attribute__((warn_unused_result));
bool request_me_url(struct buffer *url, const char *base_url) __attribute__((warn_unused_result));
