/* Organizations of a story that get in by a token: an access token in a file, or OAuth. Organization N's client is "client_storyN" with the
 * secret "client_secret_storyN"; its files are orgN.token, orgN.secret and tokens/orgN.oauth in the story's directory. */
#pragma once

#include "support/story.h"

/* The organization is asked with this access token from now on; written without haste, as its renewer would. */
void tokens_use_file(struct story *story, int organization, const char *access);
void tokens_write_file(struct story *story, int organization, const char *access);

/* OAuth, with access tokens that live so long; the simulator checks that no new one is used before its refresh token is on the disk. */
void tokens_use_oauth(struct story *story, int organization, int expires_in_s);
const char *tokens_path(struct story *story, int organization);
/* A token file as if obtained so long ago; the simulator takes the same tokens for good. */
void tokens_write(struct story *story, int organization, const char *access, const char *refresh, int age_s,
                  int life_s);
/* Members of the simulator's oauth (tests/sim/README.md). */
void tokens_set(struct story *story, int organization, const char *members);
/* What the simulator tells of it: "refresh_token", "refreshes", "refused", "violations", … as text. */
const char *tokens_tell(struct story *story, int organization, const char *member);
void tokens_expect(struct story *story, int organization, const char *member, const char *expected);
/* The refresh token in the file; "" when there is none that can be read. */
const char *tokens_on_disk(struct story *story, int organization);
