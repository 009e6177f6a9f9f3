/* Ids enter a path percent-encoded, or a client would normalise `../` and a stranger's 404 become a proof of removal. */
#include "crm/request.h"

/* What a URL needs at most: the configuration bounds api.base_url to 2,000 bytes, each id to 500, percent-encoded 1,500, and
 * all names of fields are under 500. */
enum { URL_BYTES_MAX = 4096 };

static struct buffer begin(const char *base_url, const char *path) {
  struct buffer url;
  buffer_init(&url, URL_BYTES_MAX);
  buffer_append_format(&url, "%s%s", base_url, path);
  return url;
}

struct buffer request_list_url(const char *base_url, const struct request_list *list) {
  struct buffer url = begin(base_url, "/connected_account/");
  if (list->paging == REQUEST_LIMIT_AND_SKIP)
    buffer_append_format(&url, "?_limit=%d&_skip=%zu", list->limit, list->skip);
  else if (list->paging == REQUEST_SKIP_ONLY)
    buffer_append_format(&url, "?_skip=%zu", list->skip);
  const char *separator = list->paging == REQUEST_PLAIN ? "?" : "&";
  if (list->fields != NULL) {
    buffer_append_format(&url, "%s_fields=%s", separator, list->fields);
    separator = "&";
  }
  if (list->user_id != NULL) {
    buffer_append_format(&url, "%suser_id=", separator);
    text_percent_encode(&url, slice_of(list->user_id));
  }
  return url;
}

/* An id of dots alone would be a step in the path. */
static void append_id(struct buffer *url, struct slice id) {
  if (!slice_equals(id, ".") && !slice_equals(id, ".."))
    text_percent_encode(url, id);
  else
    buffer_append_text(url, id.length == 1 ? "%2E" : "%2E%2E");
  buffer_append_text(url, "/");
}

struct buffer request_account_url(const char *base_url, struct slice account_id, const char *fields) {
  struct buffer url = begin(base_url, "/connected_account/");
  append_id(&url, account_id);
  if (fields != NULL)
    buffer_append_format(&url, "?_fields=%s", fields);
  return url;
}

struct buffer request_organization_url(const char *base_url, struct slice organization_id) {
  struct buffer url = begin(base_url, "/organization/");
  append_id(&url, organization_id);
  return url;
}

struct buffer request_me_url(const char *base_url) {
  return begin(base_url, "/me/");
}
