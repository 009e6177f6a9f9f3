/* OAuth as close-api.md 3.2 describes it: consent, codes, refresh tokens that rotate, access tokens that expire. It also looks at the
 * client's token file: a new access token that comes before its refresh token is on the disk is a violation. */
#pragma once

#include "sim/request.h"

struct json_object;
struct scene;
struct organization;

struct oauth {
  char *client_id; /* NULL: this organization has no OAuth client */
  char *client_secret;
  char *redirect_uri; /* where a browser goes whose request names none */
  char *code;         /* what consent gives, good once; NULL: spent */
  char *access;       /* the newest; NULL: none yet */
  char *older;        /* the one before it; NULL: none, or revoked */
  char *refresh;      /* the only good one */
  char *token_file;   /* the client's; NULL: not looked at */
  long expires_in_s;
  unsigned long long access_until_ms, older_until_ms; /* monotonic */
  bool refuses;                                       /* consent is refused: error=access_denied */
  bool revokes;                                       /* a new access token ends the older one */
  bool forgives; /* the refresh token before the present one is good, too: its answer was lost */
  char *spent;   /* the refresh token before the present one */
  unsigned int number, exchanges, refreshes, refused, violations;
};

void oauth_finish(struct oauth *oauth);
/* Members: client_id, client_secret, redirect_uri, code, access_token, refresh_token, expires_in, token_file, refuse, revoke, forgive.
 * What is absent stays. */
void oauth_set(struct oauth *oauth, struct json_object *from);
void oauth_tell(const struct oauth *oauth, struct text *json);

/* The organization whose access token this is; NULL: nobody's, or it has expired. */
struct organization *oauth_authenticate(const struct scene *scene, const char *token);
/* Once for each request: is its refresh token on the disk? */
void oauth_watch(const struct scene *scene, const struct request *request);
/* Answers what is below /oauth2/; false when the path is elsewhere. */
bool oauth_answer(const struct scene *scene, const struct request *request, struct answer *answer);
