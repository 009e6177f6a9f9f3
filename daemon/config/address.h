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

/* 127.0.0.0/8, "::1" and exactly "localhost"; without brackets. */
bool config_is_loopback(struct slice host);
/* The host of "HOST", "HOST:PORT", "[IPv6]" or "[IPv6]:PORT", without brackets; false when the text is none of these. */
bool config_split_host(struct slice text, bool port_needed, struct slice *ret_host);
