/* Ids enter a path percent-encoded, or a client would normalise `../` and a stranger's 404 become a proof of removal. */
#include "crm/request.h"

void request_list_url(struct buffer *url, const char *base_url, const struct request_list *list) {
  buffer_clear(url);
  buffer_append_format(url, "%s/connected_account/", base_url);
  if (list->paging == REQUEST_LIMIT_AND_SKIP)
    buffer_append_format(url, "?_limit=%d&_skip=%zu", list->limit, list->skip);
  else if (list->paging == REQUEST_SKIP_ONLY)
    buffer_append_format(url, "?_skip=%zu", list->skip);
  const char *separator = list->paging == REQUEST_PLAIN ? "?" : "&";
  if (list->fields != NULL) {
    buffer_append_format(url, "%s_fields=%s", separator, list->fields);
    separator = "&";
  }
  if (list->user_id == NULL)
    return;
  buffer_append_format(url, "%suser_id=", separator);
  text_percent_encode(url, slice_of(list->user_id));
}

/* An id of dots alone would be a step in the path. */
static void append_id(struct buffer *url, struct slice id) {
  if (!slice_equals(id, ".") && !slice_equals(id, ".."))
    text_percent_encode(url, id);
  else
    buffer_append_text(url, id.length == 1 ? "%2E" : "%2E%2E");
}

void request_account_url(struct buffer *url, const char *base_url, struct slice account_id, const char *fields) {
  buffer_clear(url);
  buffer_append_format(url, "%s/connected_account/", base_url);
  append_id(url, account_id);
  buffer_append_text(url, "/");
  if (fields != NULL)
    buffer_append_format(url, "?_fields=%s", fields);
}

void request_organization_url(struct buffer *url, const char *base_url, struct slice organization_id) {
  buffer_clear(url);
  buffer_append_format(url, "%s/organization/", base_url);
  append_id(url, organization_id);
  buffer_append_text(url, "/");
}

void request_me_url(struct buffer *url, const char *base_url) {
  buffer_clear(url);
  buffer_append_format(url, "%s/me/", base_url);
}
