/* Any bytes as a configuration file: a configuration within its bounds and no word, or none and a reason with its line. */
#include "config/config.h"
#include "check.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each line is "FILE:LINE: reason" or "FILE: reason", and holds nothing that steers a terminal. */
static void check_problems(const struct buffer *problems, const char *path) {
  CHECK(problems->length > 0 && problems->bytes[problems->length - 1] == '\n');
  for (const char *at = problems->bytes; *at != '\0'; at = strchr(at, '\n') + 1) {
    size_t length = strcspn(at, "\n");
    CHECK(length > strlen(path) + 2 && strncmp(at, path, strlen(path)) == 0 && at[strlen(path)] == ':');
    for (size_t i = 0; i < length; i++)
      CHECK((unsigned char)at[i] >= 0x20 && at[i] != 0x7f);
  }
  for (size_t i = 0; i < problems->length;) {
    size_t step = text_utf8_character((struct slice){problems->bytes + i, problems->length - i}, NULL);
    CHECK(step > 0);
    i += step;
  }
}

/* "hunter2" stands for a password: where only conninfos hold it, no problem repeats it. */
static void check_secret(const uint8_t *data, size_t size, const struct buffer *problems) {
  static const char secret[] = "hunter2", key[] = "conninfo";
  const char *at = (const char *)data, *end = at + size, *line_end;
  for (; at < end; at = line_end < end ? line_end + 1 : end) {
    line_end = memchr(at, '\n', (size_t)(end - at));
    line_end = line_end == NULL ? end : line_end;
    const char *found = memmem(at, (size_t)(line_end - at), secret, sizeof secret - 1);
    if (found == NULL)
      continue;
    while (at < line_end && (*at == ' ' || *at == '\t'))
      at++;
    if ((size_t)(line_end - at) < sizeof key || memcmp(at, key, sizeof key - 1) != 0)
      return;
    for (at += sizeof key - 1; at < line_end && *at == ' ';)
      at++;
    if (at == line_end || *at != '=' || found < at)
      return;
  }
  CHECK(strstr(problems->bytes, secret) == NULL);
}

static void check_config(const struct config *config) {
  size_t length = strlen(config->api.base_url);
  CHECK(strncmp(config->api.base_url, "https://", 8) == 0 || strncmp(config->api.base_url, "http://", 7) == 0);
  CHECK(config->api.base_url[length - 1] != '/' && strpbrk(config->api.base_url, "?#@ ") == NULL);
  CHECK(config->api.page_size >= 1 && config->api.max_requests >= 1 && config->api.max_response_bytes > 0);
  CHECK(config->api.connect_timeout_ms > 0 && config->api.request_timeout_ms > 0);
  CHECK(config->database.connections >= 1 && config->database.schema[0] != '\0' &&
        strlen(config->database.schema) <= 63);
  CHECK(strstr(config->database.conninfo, "password=") == NULL || strstr(config->database.conninfo, "ssl") != NULL ||
        strchr(config->database.conninfo, '\'') != NULL || strchr(config->database.conninfo, '\\') != NULL ||
        strchr(config->database.conninfo, ' ') != NULL || strchr(config->database.conninfo, '/') != NULL);
  CHECK(config->sync.interval_ms >= 100 && config->sync.deadline_ms > 0 && config->sync.gap_ms >= 0);
  CHECK(config->sync.jitter >= 0 && config->sync.jitter <= 1);
  CHECK(config->sync.max_removed >= 0 && config->sync.max_removed <= 1);
  for (int i = 1; i < config->sync.volatile_fields.count; i++)
    CHECK(strcmp(config->sync.volatile_fields.names[i - 1], config->sync.volatile_fields.names[i]) < 0);
  for (int i = 0; i < config->organization_count; i++) {
    const struct config_organization *organization = &config->organizations[i];
    size_t plain = strspn(organization->name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    CHECK(plain >= 1 && plain <= 63 && organization->name[plain] == '\0');
    CHECK(config_find(config, organization->name) == organization);
    CHECK(organization->interval_ms >= 100);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct config *config = NULL;
  struct buffer problems;
  char path[64];
  int fd = memfd_create("configuration", MFD_CLOEXEC);
  CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  buffer_init(&problems, 1 << 16);
  bool good = config_load(path, false, &config, &problems);
  CHECK(good == (config != NULL));
  if (good) {
    CHECK(problems.length == 0);
    check_config(config);
  } else {
    check_problems(&problems, path);
    check_secret(data, size, &problems);
  }
  config_destroy(config);
  buffer_finish(&problems);
  close(fd);
  return 0;
}
