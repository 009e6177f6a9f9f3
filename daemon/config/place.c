#include "config/place.h"
#include <stdlib.h>
#include <string.h>

#define CONFIG_FOLDER "/etc/closesyncd/"

/* I of "/etc/closesyncd/I.conf"; empty for the service that has no instances, and for a configuration that is somewhere else. */
static struct slice instance_of(const char *config_path) {
  size_t head = strlen(CONFIG_FOLDER), length = config_path ? strlen(config_path) : 0;
  if (length <= head + 5 || strncmp(config_path, CONFIG_FOLDER, head) != 0 ||
      strcmp(config_path + length - 5, ".conf") != 0)
    return (struct slice){0};
  struct slice name = {config_path + head, length - head - 5};
  bool plain = !slice_equals(name, "closesyncd") && memchr(name.bytes, '/', name.length) == NULL;
  return plain ? name : (struct slice){0};
}

bool place_of_credentials(const char *config_path, struct buffer *ret_folder) {
  const char *given = getenv("CREDENTIALS_DIRECTORY");
  struct slice instance = instance_of(config_path);
  if (given && *given == '/')
    return buffer_append_text(ret_folder, given);
  return buffer_append_format(ret_folder, "/run/credentials/closesyncd%s%.*s.service", instance.length ? "@" : "",
                              (int)instance.length, instance.length ? instance.bytes : "");
}

bool place_of_state(const char *config_path, struct buffer *ret_folder) {
  const char *given = getenv("STATE_DIRECTORY");
  struct slice instance = instance_of(config_path);
  if (given && *given == '/')
    return buffer_append_format(ret_folder, "%.*s", (int)strcspn(given, ":"), given);
  return buffer_append_format(ret_folder, "/var/lib/closesyncd%s%.*s", instance.length ? "/" : "", (int)instance.length,
                              instance.length ? instance.bytes : "");
}
