/* The journal's own protocol, spoken to a socket where systemd's is: in a mount namespace of its own. */
#include "io/journal.h"
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* -1: not allowed here. */
static int open_journal(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
  if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
      mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", "/run", "tmpfs", 0, NULL) != 0)
    return -1;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  cr_assert(mkdir("/run/systemd", 0755) == 0 && mkdir("/run/systemd/journal", 0755) == 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

Test(journal, has_the_fields_in_capitals) {
  static const char line[] = "could not: x organization=acme accounts=7";
  const struct log_field fields[] = {{.name = {line + 13, 12}, .value = {line + 26, 4}},
                                     {.name = {line + 31, 8}, .value = {line + 40, 1}, .number = true}};
  struct log_record record = {.level = LOG_LEVEL_WARNING,
                              .event = LOG_EVENT_FAILED,
                              .line = {line, sizeof line - 1},
                              .message = {line, 12},
                              .fields = fields,
                              .field_count = 2};
  char datagram[4096] = "";
  int fd = open_journal();
  if (fd < 0)
    cr_skip_test("no mount namespace is allowed here");
#ifndef HAVE_SYSTEMD
  cr_assert_not(journal_send(&record));
#else
  cr_assert(journal_send(&record));
  cr_assert(recv(fd, datagram, sizeof datagram - 1, 0) > 0);
  static const char *const wanted[] = {
      "MESSAGE=could not: x organization=acme accounts=7\n", "PRIORITY=4\n",        "SYSLOG_IDENTIFIER=closesyncd\n",
      "MESSAGE_ID=0a9defbde6644b83ac4c51da6ebba750\n",       "ORGANIZATION=acme\n", "ACCOUNTS=7\n"};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    cr_expect_not_null(strstr(datagram, wanted[i]), "%s in:\n%s", wanted[i], datagram);
  cr_expect_null(strstr(datagram, "CODE_"));
  close(fd);
  unlink("/run/systemd/journal/socket");
  memset(datagram, 0, sizeof datagram);
  record.event = LOG_EVENT_NONE;
  record.field_count = 0;
  journal_send(
      &record); /* true or not: without a journal systemd's library says nothing; what counts is that it returns */
#endif
}

Test(journal, is_where_stderr_goes_only_when_it_is_that_very_stream) {
  struct stat status;
  char stream[64];
  cr_assert_eq(fstat(STDERR_FILENO, &status), 0);
  snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
  unsetenv("JOURNAL_STREAM");
  cr_assert_not(journal_is_stderr());
  setenv("JOURNAL_STREAM", "8:12345", 1);
  cr_assert_not(journal_is_stderr());
  setenv("JOURNAL_STREAM", stream, 1);
  cr_assert(journal_is_stderr());
}
