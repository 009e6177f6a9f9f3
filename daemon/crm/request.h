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
  const char *fields;  /* the only ones asked for, comma-separated; NULL: no _fields is sent */
};

/* The buffer is the caller's to finish. Whether the URL fits is asked of it. */
struct buffer request_list_url(const char *base_url, const struct request_list *list);
struct buffer request_account_url(const char *base_url, struct slice account_id, const char *fields);
struct buffer request_organization_url(const char *base_url, struct slice organization_id);
struct buffer request_me_url(const char *base_url);
