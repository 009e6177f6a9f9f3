/* Splits a request target. Paths are decoded by ourselves, as an id may hold any byte, a slash included. */
#include "sim/request.h"

#include <stdlib.h>
#include <string.h>

static int hex_value(char digit) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  const char *at = digit ? strchr(digits, digit) : NULL;
  return at ? (int)((at - digits) % 16) : -1;
}

static char *decode(const char *from, size_t length, bool plus_is_space) {
  char *decoded = new_zeroed(length + 1, 1);
  size_t out = 0;
  for (size_t i = 0; i < length; i++) {
    int high = from[i] == '%' && i + 2 < length ? hex_value(from[i + 1]) : -1;
    int low = high >= 0 ? hex_value(from[i + 2]) : -1;
    if (low >= 0) {
      decoded[out++] = (char)(high * 16 + low);
      i += 2;
    } else {
      decoded[out++] = plus_is_space && from[i] == '+' ? ' ' : from[i];
    }
  }
  return decoded;
}

struct request *request_create(const char *target) {
  struct request *request = new_zeroed(1, sizeof *request);
  size_t path_length = strcspn(target, "?");
  request->target = copy_string(target);
  request->path = decode(target, path_length, false);
  request->query = copy_string(target[path_length] ? target + path_length + 1 : "");
  return request;
}

void request_destroy(struct request *request) {
  if (!request)
    return;
  free(request->target);
  free(request->path);
  free(request->query);
  free(request->authorization);
  text_finish(&request->body);
  free(request);
}

char *request_parameter(const struct request *request, const char *name) {
  size_t name_length = strlen(name);
  for (const char *at = request->query; *at;) {
    size_t length = strcspn(at, "&");
    if (length > name_length && strncmp(at, name, name_length) == 0 && at[name_length] == '=')
      return decode(at + name_length + 1, length - name_length - 1, true);
    at += length + (at[length] == '&');
  }
  return NULL;
}

void answer_finish(struct answer *answer) {
  text_finish(&answer->headers);
  text_finish(&answer->body);
}

void answer_error(struct answer *answer, int status, const char *error) {
  answer->status = status;
  answer->body.length = 0;
  text_string(&answer->body, "{\"error\": ");
  text_json(&answer->body, error);
  text_string(&answer->body, "}");
}
