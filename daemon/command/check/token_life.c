#include "command/check/token_life.h"
#include "command/terminal.h"
#include "remote/token_file.h"
#include <time.h>

bool token_life_tell(const struct config_organization *organization, char ret_text[TOKEN_LIFE_BYTES],
                     struct error *error) {
  struct oauth_token token = {.access = NULL};
  char age[TERMINAL_SPAN_BYTES], rest[TERMINAL_SPAN_BYTES];
  int64_t now_s = (int64_t)time(NULL);
  if (!token_file_read(organization->token_path, &token, error))
    return false;
  terminal_age(now_s - token.obtained_s, age);
  if (token.expires_s == 0) {
    snprintf(ret_text, TOKEN_LIFE_BYTES, "renewed %s, Close did not say how long it lives", age);
  } else if (!oauth_token_lives(&token, now_s)) {
    terminal_age(now_s - token.expires_s, rest);
    snprintf(ret_text, TOKEN_LIFE_BYTES, "expired %s, and is renewed when it is needed", rest);
  } else {
    terminal_duration((token.expires_s - now_s) * 1000, rest);
    snprintf(ret_text, TOKEN_LIFE_BYTES, "renewed %s, lives %s more", age, rest);
  }
  oauth_token_finish(&token);
  return true;
}
