#pragma once
/* Where systemd keeps what belongs to the service that a configuration is for: closesyncd.service, or for /etc/closesyncd/I.conf with
 * another I than closesyncd its instance closesyncd@I.service. Known so that commands find it by hand, too. */
#include "base/text.h"

/* $CREDENTIALS_DIRECTORY, else "/run/credentials/UNIT.service". `config_path` NULL: the default one. */
bool place_of_credentials(const char *config_path, struct buffer *ret_folder) __attribute__((warn_unused_result));
/* The first of $STATE_DIRECTORY, else "/var/lib/closesyncd" or "/var/lib/closesyncd/I". */
bool place_of_state(const char *config_path, struct buffer *ret_folder) __attribute__((warn_unused_result));
