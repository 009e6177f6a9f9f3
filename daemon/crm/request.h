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

/* What a URL needs at most: the configuration bounds api.base_url to 2,000 bytes, each id to 500, percent-encoded 1,500, and
 * all names of fields are under 500. */
enum { REQUEST_URL_BYTES_MAX = 4096 };

/* The buffer is cleared first. Whether the URL fits is asked of the buffer. */
void request_list_url(struct buffer *url, const char *base_url, const struct request_list *list);
void request_account_url(struct buffer *url, const char *base_url, struct slice account_id, const char *fields);
void request_organization_url(struct buffer *url, const char *base_url, struct slice organization_id);
void request_me_url(struct buffer *url, const char *base_url);
