/* Secrets: read with suspicion, compared, kept out of core dumps. */
#include "base/secret.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void make_path(void) {
  strcpy(path, "/tmp/closesyncd-secret-XXXXXX");
  close(mkstemp(path));
}

static void remove_path(void) { remove(path); }

static void write_key(const void *bytes, size_t length, mode_t mode) {
  int fd = open(path, O_WRONLY | O_TRUNC);
  cr_assert_eq(write(fd, bytes, length), (ssize_t)length);
  fchmod(fd, mode);
  close(fd);
}

/* The error names the path and says `words`. */
static void expect_refused(const char *words) {
  struct secret *secret = NULL;
  struct error error;
  cr_assert_not(secret_read_file(path, NULL, &secret, &error), "expected: %s", words);
  cr_assert_null(secret);
  cr_assert_eq(error.kind, ERROR_CONFIG);
  cr_assert(strstr(error.text, path) && strstr(error.text, words), "\"%s\" should name the path and say %s", error.text,
            words);
  cr_assert_null(strstr(error.text, "hunter2"));
}

TestSuite(secret, .init = make_path, .fini = remove_path);

Test(secret, surrounding_white_space_is_cut) {
  write_key("\r\n \tapi_hunter2\v\f\n\n", 18, 0640);
  struct secret *secret;
  struct error error;
  cr_assert(secret_read_file(path, NULL, &secret, &error));
  cr_assert_str_eq(secret_expose(secret), "api_hunter2");
  secret_destroy(secret);
}

Test(secret, others_must_not_read_it) {
  write_key("hunter2", 7, 0604);
  expect_refused("chmod o-r");
  write_key("hunter2", 7, 0602);
  expect_refused("others can write it, run chmod o-w");
}

Test(secret, empty_files) {
  write_key("", 0, 0600);
  expect_refused("empty");
  write_key(" \n", 2, 0600);
  expect_refused("empty");
}

Test(secret, control_characters_inside) {
  write_key("hunter2\x1bhunter2", 15, 0600);
  expect_refused("control characters");
  write_key("hunter2\0x", 9, 0600);
  expect_refused("control characters");
}

Test(secret, what_people_write_beside_the_key) {
  static const char *const faults[][2] = {
      {"\xef\xbb\xbfhunter2", "byte order mark"},
      {"\"hunter2\"\n", "quotes"},
      {"'hunter2'", "quotes"},
      {"hunter2\"", "quotes"},
      {"CLOSE_API_KEY=hunter2\n", "a name and \"=\""},
      {"NAME=hunter2", "a name and \"=\""},
      {"api_key=hunter2", "a name and \"=\""},
      {"export CLOSE_API_KEY=hunter2", "a name and \"=\""},
      {"hunter2:\n", "colon"},
      {"hunter2 hunter2", "white space inside"},
      {"hunter2\nhunter2\n", "white space inside"},
      {"hunter2\thunter2", "white space inside"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    write_key(faults[i][0], strlen(faults[i][0]), 0600);
    expect_refused(faults[i][1]);
  }
}

Test(secret, may_look_like_many_things) {
  static const char *const keys[] = {"api_1aB.2cD", "aGVsbG8=", "QUJD==", "a:b", "x=y=z", "K9=", "\xc3\xa9"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    struct secret *secret = NULL;
    struct error error = {0};
    cr_assert(secret_from_text(slice_of(keys[i]), &secret, &error), "%s: %s", keys[i], error.text);
    cr_assert_str_eq(secret_expose(secret), keys[i]);
    secret_destroy(secret);
  }
}

Test(secret, four_kibibytes_at_most) {
  char text[4097];
  memset(text, 'x', sizeof text);
  write_key(text, 4097, 0600);
  expect_refused("4 KiB");
  write_key(text, 4096, 0600);
  struct secret *secret;
  struct error error;
  cr_assert(secret_read_file(path, NULL, &secret, &error));
  cr_assert_eq(strlen(secret_expose(secret)), 4096);
  secret_destroy(secret);
}

Test(secret, no_regular_file) {
  remove(path);
  expect_refused("No such file");
  mkdir(path, 0700);
  expect_refused("no regular file");
  rmdir(path);
  mkfifo(path, 0600);
  expect_refused("no regular file");
}

Test(secret, equality) {
  struct secret *left = secret_create("abc", 3), *same = secret_create("abcd", 3), *other = secret_create("abd", 3),
                *shorter = secret_create("ab", 2), *empty = secret_create("", 0);
  cr_assert(secret_equals(left, same));
  cr_assert_not(secret_equals(left, other));
  cr_assert_not(secret_equals(left, shorter));
  cr_assert_str_eq(secret_expose(empty), "");
  secret_destroy(left);
  secret_destroy(same);
  secret_destroy(other);
  secret_destroy(shorter);
  secret_destroy(empty);
  secret_destroy(NULL);
}

/* /proc/self/smaps: the mapping that holds the secret carries the flag "dd" (do not dump). */
Test(secret, is_kept_out_of_core_dumps) {
  struct secret *secret = secret_create("hunter2", 7);
  unsigned long at = (unsigned long)secret_expose(secret), from, to;
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[512];
  bool inside = false, flagged = false;
  while (fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
      inside = at >= from && at < to;
    if (inside && strncmp(line, "VmFlags:", 8) == 0)
      flagged = strstr(line, " dd") != NULL;
  }
  fclose(maps);
  secret_destroy(secret);
  cr_assert(flagged);
}

static int mappings(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  int count = 0;
  for (int byte; (byte = fgetc(maps)) != EOF;)
    count += byte == '\n';
  fclose(maps);
  return count;
}

static struct secret *read_into(struct secret_room *room, int number) {
  struct secret *secret = NULL;
  struct error error = {0};
  char text[4096];
  int length = snprintf(text, sizeof text, "key_%04000d", number);
  write_key(text, (size_t)length, 0600);
  cr_assert(secret_read_file(path, room, &secret, &error), "%s", error.text);
  return secret;
}

/* Enough of them to fill some rooms; what is destroyed leaves the others alone. */
Test(secret, many_share_pages, .init = make_path, .fini = remove_path) {
  enum { COUNT = 60 };
  struct secret *secrets[COUNT];
  char text[4096];
  struct secret_room *room = secret_room_open();
  int before = mappings();
  for (int i = 0; i < COUNT; i++)
    secrets[i] = read_into(room, i);
  secret_room_close(room);
  cr_assert_leq(mappings() - before, 5);
  for (int i = 1; i < COUNT; i += 2)
    secret_destroy(secrets[i]);
  for (int i = 0; i < COUNT; i += 2) {
    snprintf(text, sizeof text, "key_%04000d", i);
    cr_assert_str_eq(secret_expose(secrets[i]), text);
    secret_destroy(secrets[i]);
  }
  cr_assert_leq(mappings(), before);
}

/* "r--p" or the like: how the mapping that holds it may be used. */
static void read_rights(const struct secret *secret, char ret_rights[5]) {
  unsigned long at = (unsigned long)secret_expose(secret), from, to;
  char line[512], rights[5];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && at >= from && at < to)
      strcpy(ret_rights, rights);
  fclose(maps);
}

Test(secret, a_closed_room_is_sealed, .init = make_path, .fini = remove_path) {
  struct secret_room *room = secret_room_open();
  struct secret *secret = read_into(room, 1);
  char open_rights[5] = "", closed_rights[5] = "";
  read_rights(secret, open_rights);
  secret_room_close(room);
  read_rights(secret, closed_rights);
  secret_destroy(secret);
  cr_assert_str_eq(open_rights, "rw-p");
  cr_assert_str_eq(closed_rights, "r--p");
}

Test(secret, an_empty_room) { secret_room_close(secret_room_open()); }
