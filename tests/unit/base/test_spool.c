/* Records come back in the order they came, or in the one asked for, from memory or from a file, or with a reason. */
#include "base/memory.h"
#include "base/spool.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct spool *spool;
static struct error error;

static void set_up(void) {
  spool = spool_create();
  error_clear(&error);
}
static void tear_down(void) { spool_destroy(spool); }
TestSuite(spool, .init = set_up, .fini = tear_down);

static void put(size_t length, char fill) {
  char *bytes = memory_allocate(length + 1);
  memset(bytes, fill, length);
  struct slice pieces[] = {{bytes, length / 2}, {NULL, 0}, {bytes, length - length / 2}};
  cr_assert(spool_put(spool, 0, pieces, 3, &error), "%s", error.text);
  memory_free(bytes);
}

static void expect_next(size_t length, char fill) {
  struct slice record;
  cr_assert(spool_next(spool, &record, &error), "%s", error.text);
  cr_assert_eq(record.length, length);
  for (size_t i = 0; i < length; i++)
    cr_assert(record.bytes[i] == fill);
}

static void expect_end(void) {
  struct slice record;
  cr_assert_not(spool_next(spool, &record, &error));
  cr_assert_eq(error.kind, ERROR_NONE, "%s", error.text);
}

/* How many open files of ours have no name any more. */
static int unlinked_files(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    struct stat status;
    if (entry->d_name[0] != '.' && fstat(atoi(entry->d_name), &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_nlink == 0) {
      count++;
      cr_assert_eq(status.st_mode & 07777, 0600);
    }
  }
  closedir(folder);
  return count;
}

Test(spool, an_empty_one) {
  cr_assert(spool_rewind(spool, &error));
  expect_end();
  spool_destroy(NULL);
}

Test(spool, small_records_stay_in_memory) {
  int before = unlinked_files();
  put(3, 'a');
  put(0, 'b');
  put(1000, 'c');
  for (int again = 0; again < 2; again++) {
    cr_assert(spool_rewind(spool, &error));
    expect_next(3, 'a');
    expect_next(0, 'b');
    expect_next(1000, 'c');
    expect_end();
    expect_end();
  }
  cr_assert_eq(unlinked_files(), before);
}

Test(spool, large_ones_go_to_a_file_and_keep_their_order) {
  enum { MIB = 1 << 20 };
  int before = unlinked_files();
  put(3 * MIB, 'a');
  cr_assert_eq(unlinked_files(), before);
  put(2 * MIB, 'b');
  cr_assert_eq(unlinked_files(), before + 1, "over 4 MiB: an unlinked file of mode 0600");
  put(10, 'c'); /* would fit into memory, but must not overtake */
  put(0, 'd');
  put(9 * MIB, 'e');
  for (int again = 0; again < 2; again++) {
    cr_assert(spool_rewind(spool, &error));
    expect_next(3 * MIB, 'a');
    expect_next(2 * MIB, 'b');
    expect_next(10, 'c');
    expect_next(0, 'd');
    expect_next(9 * MIB, 'e');
    expect_end();
  }
  spool_clear(spool);
  cr_assert_eq(unlinked_files(), before);
  put(5, 'f');
  cr_assert(spool_rewind(spool, &error));
  expect_next(5, 'f');
  expect_end();
}

Test(spool, the_file_is_made_where_tmpdir_says) {
  char folder[] = "/tmp/closesyncd-spool-XXXXXX", seen[64];
  cr_assert_not_null(mkdtemp(folder));
  setenv("TMPDIR", folder, 1);
  int next = dup(0);
  close(next); /* the descriptor that the file will get */
  put(5 << 20, 'a');
  snprintf(seen, sizeof seen, "/proc/self/fd/%d", next);
  char target[256] = "";
  cr_assert_gt(readlink(seen, target, sizeof target - 1), 0);
  cr_assert_eq(strncmp(target, folder, strlen(folder)), 0, "%s", target);
  cr_assert_neq(fcntl(next, F_GETFD) & FD_CLOEXEC, 0);
  cr_assert_eq(rmdir(folder), 0, "nothing is left in it");
}

Test(spool, no_place_for_a_file) {
  setenv("TMPDIR", "/nowhere/at/all", 1);
  struct slice piece = {memory_allocate(5 << 20), 5 << 20};
  cr_assert_not(spool_put(spool, 0, &piece, 1, &error));
  cr_assert_eq(error.kind, ERROR_LIMIT);
  cr_assert_not_null(strstr(error.text, "could not make a temporary file"), "%s", error.text);
  memory_free((char *)piece.bytes);
}

Test(spool, a_full_disk) {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {1 << 20, 1 << 20};
  struct slice piece = {memory_allocate(5 << 20), 5 << 20};
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_assert_not(spool_put(spool, 0, &piece, 1, &error));
  cr_assert_eq(error.kind, ERROR_LIMIT);
  cr_assert_not_null(strstr(error.text, "could not write a temporary file"), "%s", error.text);
  memory_free((char *)piece.bytes);
}

Test(spool, a_file_that_was_cut) {
  int next = dup(0);
  close(next);
  put(5 << 20, 'a');
  cr_assert(spool_rewind(spool, &error));
  cr_assert_eq(ftruncate(next, 1 << 20), 0);
  struct slice record;
  errno = 0;
  cr_assert_not(spool_next(spool, &record, &error));
  cr_assert_eq(error.kind, ERROR_LIMIT);
  cr_assert_not_null(strstr(error.text, "could not read a temporary file"), "%s", error.text);
  cr_assert_null(strstr(error.text, "Success"), "%s", error.text);
}

/* Wherever it ends: inside a length, inside a record, or between two of them. */
Test(spool, a_file_that_was_cut_anywhere) {
  static const long ends[] = {0, 2, 4, 100, (5 << 20) + 4, (5 << 20) + 6};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    int next = dup(0);
    close(next);
    put(5 << 20, 'a');
    put(10, 'b');
    cr_assert(spool_rewind(spool, &error));
    cr_assert_eq(ftruncate(next, ends[i]), 0);
    struct slice record;
    while (spool_next(spool, &record, &error))
      continue;
    cr_assert_eq(error.kind, ERROR_LIMIT, "%ld bytes read as the end", ends[i]);
    error_clear(&error);
    spool_clear(spool);
  }
}

static int by_tag(const void *context, uint32_t left, uint32_t right) {
  cr_assert_eq(context, &error);
  return left < right ? -1 : left > right;
}

static void put_tagged(uint32_t tag, size_t length) {
  struct slice piece = {memory_allocate(length + 1), length};
  memset((char *)piece.bytes, (int)tag, length);
  cr_assert(spool_put(spool, tag, &piece, 1, &error), "%s", error.text);
  memory_free((char *)piece.bytes);
}

/* From memory and from the file, so many at a time. */
Test(spool, sorted) {
  spool_sort_next(spool, 10, by_tag, &error);
  put_tagged('d', 3 << 20);
  put_tagged('b', 10);
  put_tagged('e', 2 << 20); /* the file begins */
  put_tagged('a', 0);
  put_tagged('c', 5);
  for (int again = 0; again < 2; again++) {
    cr_assert(spool_rewind(spool, &error));
    spool_sort_next(spool, 3, by_tag, &error);
    expect_next(10, 'b');
    expect_next(3 << 20, 'd');
    expect_next(2 << 20, 'e');
    cr_assert_eq(spool_position(spool), 3);
    spool_sort_next(spool, 3, by_tag, &error);
    expect_next(0, 'a');
    expect_next(5, 'c');
    expect_end();
  }
  cr_assert(spool_rewind(spool, &error));
  spool_sort_next(spool, SIZE_MAX, by_tag, &error);
  expect_next(0, 'a');
  expect_next(10, 'b');
  expect_next(5, 'c');
}
