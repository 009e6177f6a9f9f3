#pragma once
/* Judges of addresses: the API's URL, a proxy, the address to listen on. */
#include "config/value.h"

config_judge_fn config_judge_base_url;  /* const char *, trailing slashes cut */
config_judge_fn config_judge_oauth_url; /* const char *, as it is */
config_judge_fn config_judge_redirect;  /* const char *, NULL when empty */
config_judge_fn config_judge_proxy;  /* const char *, NULL when empty or "none"; never shown, it may hold a password */
config_judge_fn config_judge_listen; /* const char *, NULL when empty */

/* A Unix socket or a loopback address; `listen` was judged before. */
bool config_listens_locally(const char *listen);
