/* The token file on a real disk: whole at any moment, one at a time, and nothing lost that was written. */
#include "remote/token_file.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[48], path[64], fresh[96], lock[96];

static void set_up(void) {
  strcpy(folder, "/tmp/closesyncd-token-file-XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a.oauth", folder);
  snprintf(fresh, sizeof fresh, "%s.new", path);
  snprintf(lock, sizeof lock, "%s.lock", path);
}

static void tear_down(void) {
  unlink(path);
  unlink(fresh);
  unlink(lock);
  rmdir(folder);
}

TestSuite(token_file, .init = set_up, .fini = tear_down);

static void write_file(const char *name, const char *text, size_t length, mode_t mode) {
  FILE *file = fopen(name, "w");
  cr_assert_not_null(file);
  cr_assert_eq(fwrite(text, 1, length, file), length);
  cr_assert_eq(fclose(file), 0);
  cr_assert_eq(chmod(name, mode), 0);
}

static struct oauth_token make(const char *refresh, const char *replaces) {
  struct oauth_token token = {.access = secret_create("at", 2), .refresh = secret_create(refresh, strlen(refresh))};
  if (replaces != NULL) {
    struct secret *before = secret_create(replaces, strlen(replaces));
    oauth_digest(before, token.replaces);
    secret_destroy(before);
  }
  return token;
}

static void write_token(const char *name, const char *refresh, const char *replaces) {
  struct oauth_token token = make(refresh, replaces);
  struct secret *text = oauth_write_file(&token);
  write_file(name, secret_expose(text), strlen(secret_expose(text)), 0600);
  secret_destroy(text);
  oauth_token_finish(&token);
}

static struct token_file *hold(void) {
  struct error error = {0};
  struct token_file *file = token_file_lock(path, &error);
  cr_assert_not_null(file, "%s", error.text);
  return file;
}

static void expect_refresh(const char *refresh) {
  struct oauth_token token;
  struct error error = {0};
  cr_assert(token_file_read(path, &token, &error), "%s", error.text);
  cr_assert_str_eq(secret_expose(token.refresh), refresh);
  oauth_token_finish(&token);
}

static void save(struct token_file *file, const char *refresh, const char *replaces) {
  struct oauth_token token = make(refresh, replaces);
  struct error error = {0};
  cr_assert(token_file_save(file, &token, &error), "%s", error.text);
  oauth_token_finish(&token);
}

Test(token_file, what_cannot_be_used_is_named) {
  struct oauth_token token;
  struct error error = {0};
  cr_assert_not(token_file_read(path, &token, &error));
  cr_assert_eq(error.kind, ERROR_CREDENTIAL);
  cr_assert_not_null(strstr(error.text, "there is no token file \"/tmp/closesyncd-token-file-"), "%s", error.text);
  write_token(path, "rt", NULL);
  for (mode_t mode = 0601; mode <= 0607; mode++) {
    cr_assert_eq(chmod(path, mode), 0);
    bool open = (mode & 06) != 0, good = token_file_read(path, &token, &error);
    cr_assert_neq(good, open, "%o", mode);
    if (good)
      oauth_token_finish(&token);
    else
      cr_assert_not_null(strstr(error.text, "chmod o-rw"), "%s", error.text);
  }
  write_file(path, "rt-secret", 9, 0600);
  cr_assert_not(token_file_read(path, &token, &error));
  cr_assert_not_null(strstr(error.text, "it is no token file"), "%s", error.text);
  cr_assert_null(strstr(error.text, "rt-secret"));
  cr_assert_eq(rename(path, fresh), 0);
  cr_assert_eq(symlink(fresh, path), 0);
  cr_assert_not(token_file_read(path, &token, &error));
  cr_assert_not_null(strstr(error.text, "symbolic link"), "%s", error.text);
}

Test(token_file, one_at_a_time) {
  struct error error = {0};
  struct token_file *first = hold();
  cr_assert_null(token_file_lock(path, &error));
  cr_assert_eq(error.kind, ERROR_CONFLICT);
  token_file_leave(first);
  cr_assert_eq(access(lock, F_OK), 0, "the lock stays");
  struct stat before, after;
  cr_assert_eq(stat(lock, &before), 0);
  token_file_leave(hold());
  cr_assert_eq(stat(lock, &after), 0);
  cr_assert_eq(before.st_ino, after.st_ino);
  cr_assert_eq(after.st_mode & 0777, 0600);
}

Test(token_file, room_is_made_before_and_taken_away_again) {
  struct error error = {0};
  struct stat status;
  struct token_file *file = hold();
  umask(0077);
  cr_assert(token_file_reserve(file, &error), "%s", error.text);
  cr_assert_eq(stat(fresh, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  cr_assert_eq(status.st_size, OAUTH_FILE_BYTES_MAX);
  cr_assert_geq(status.st_blocks * 512, OAUTH_FILE_BYTES_MAX, "the room is on the disk");
  cr_assert_neq(access(path, F_OK), 0);
  token_file_leave(file);
  cr_assert_neq(access(fresh, F_OK), 0);
}

Test(token_file, a_full_disk_gives_no_room) {
  struct error error = {0};
  struct rlimit limit;
  write_token(path, "rt", NULL);
  struct token_file *file = hold();
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  struct rlimit small = {8192, limit.rlim_max};
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
  bool reserved = token_file_reserve(file, &error);
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_assert_not(reserved);
  cr_assert_not_null(strstr(error.text, "could not make"), "%s", error.text);
  cr_assert_neq(access(fresh, F_OK), 0);
  token_file_leave(file);
  expect_refresh("rt");
}

Test(token_file, what_is_saved_is_whole_and_nobody_elses) {
  struct error error = {0};
  struct stat status;
  write_token(path, "rt-1", NULL);
  cr_assert_eq(chmod(path, 0640), 0);
  if (geteuid() == 0)
    cr_assert_eq(chown(path, 12, 34), 0);
  struct token_file *file = hold();
  cr_assert(token_file_reserve(file, &error), "%s", error.text);
  save(file, "rt-2", "rt-1");
  cr_assert_eq(stat(path, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  if (geteuid() == 0)
    cr_assert(status.st_uid == 12 && status.st_gid == 34);
  cr_assert_lt(status.st_size, 1000, "the room that was not needed is given back");
  expect_refresh("rt-2");
  cr_assert_neq(access(fresh, F_OK), 0);
  cr_assert(token_file_reserve(file, &error), "%s", error.text);
  save(file, "rt-3", "rt-2");
  token_file_leave(file);
  expect_refresh("rt-3");
}

/* The first file belongs to its folder's owner: root may authorize for a service. */
Test(token_file, a_first_file_is_its_folders) {
  struct stat status;
  if (geteuid() == 0)
    cr_assert_eq(chown(folder, 12, 34), 0);
  struct token_file *file = hold();
  save(file, "rt", NULL);
  token_file_leave(file);
  cr_assert_eq(stat(path, &status), 0);
  cr_assert_eq(status.st_mode & 07777, 0600);
  if (geteuid() == 0) {
    cr_assert(status.st_uid == 12 && status.st_gid == 34);
    cr_assert_eq(stat(lock, &status), 0);
    cr_assert(status.st_uid == 12 && status.st_gid == 34, "else the service could never lock it");
  }
}

/* A rename that fails leaves the only copy on the disk beside the file, and is tried again. */
Test(token_file, a_save_may_be_tried_again) {
  struct oauth_token token = make("rt-2", "rt-1");
  struct error error = {0};
  char inside[160];
  write_token(path, "rt-1", NULL);
  struct token_file *file = hold();
  cr_assert(token_file_reserve(file, &error), "%s", error.text);
  cr_assert_eq(unlink(path), 0);
  cr_assert_eq(mkdir(path, 0700), 0); /* which no file may replace */
  snprintf(inside, sizeof inside, "%s/x", path);
  write_file(inside, "", 0, 0600);
  cr_assert_not(token_file_save(file, &token, &error));
  cr_assert_not_null(strstr(error.text, "could not write"), "%s", error.text);
  cr_assert_eq(unlink(inside), 0);
  cr_assert_eq(rmdir(path), 0);
  cr_assert(token_file_save(file, &token, &error), "%s", error.text);
  token_file_leave(file);
  expect_refresh("rt-2");
  oauth_token_finish(&token);
}

static void recover(void) { token_file_leave(hold()); }

/* What a process left that died between its write and its rename. */
Test(token_file, a_successor_that_is_whole_is_put_in_place) {
  write_token(path, "rt-1", NULL);
  write_token(fresh, "rt-2", "rt-1");
  recover();
  expect_refresh("rt-2");
  cr_assert_neq(access(fresh, F_OK), 0);
}

Test(token_file, a_first_one_too) {
  write_token(fresh, "rt-1", NULL);
  recover();
  expect_refresh("rt-1");
}

Test(token_file, anything_else_is_not) {
  static char zeros[OAUTH_FILE_BYTES_MAX];
  write_token(path, "rt-1", NULL);
  write_token(fresh, "rt-9", "rt-0"); /* somebody has authorized since */
  recover();
  expect_refresh("rt-1");
  write_token(fresh, "rt-9", NULL);
  recover();
  expect_refresh("rt-1");
  write_file(fresh, zeros, sizeof zeros, 0600);
  recover();
  expect_refresh("rt-1");
  write_file(path, "broken", 6, 0600); /* it cannot be told what the other one follows */
  write_token(fresh, "rt-2", "rt-1");
  recover();
  struct oauth_token token;
  struct error error = {0};
  cr_assert_not(token_file_read(path, &token, &error));
}

Test(token_file, another_file_has_another_stamp) {
  struct token_stamp none = token_stamp_of(path);
  write_token(path, "rt-1", NULL);
  struct token_stamp first = token_stamp_of(path), again = token_stamp_of(path);
  struct token_file *file = hold();
  save(file, "rt-2", "rt-1");
  token_file_leave(file);
  struct token_stamp second = token_stamp_of(path);
  cr_assert(token_stamp_equals(&first, &again));
  cr_assert_not(token_stamp_equals(&none, &first));
  cr_assert_not(token_stamp_equals(&first, &second));
}
