/* One request as the simulator sees it, and the answer it makes up. */
#pragma once

#include "sim/text.h"

struct request {
  char *target; /* as sent */
  char *path;   /* percent-decoded, without the query */
  char *query;  /* as sent, "" when there is none */
  char method[8];
  char *authorization; /* NULL when absent */
  bool accepts_gzip;
  struct text body;
};

struct answer {
  int status;
  struct text headers; /* lines "name: value\n" */
  struct text body;
};

/* target is as in the request line. The caller owns the request. */
struct request *request_create(const char *target);
void request_destroy(struct request *request);

/* The decoded value of a query parameter, owned by the caller; NULL when absent. */
char *request_parameter(const struct request *request, const char *name);

void answer_finish(struct answer *answer);

/* Sets status and a JSON body {"error": text}. */
void answer_error(struct answer *answer, int status, const char *error);
