/* Each secret has pages of its own: they are left out of core dumps, kept from children, and wiped before they go back. */
#include "base/secret.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES_MAX 4096

struct secret {
  char *bytes;
  size_t length, mapped;
};

void secret_wipe(void *memory, size_t length) {
  if (length)
    explicit_bzero(memory, length);
}

struct secret *secret_create(const char *bytes, size_t length) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  struct secret *secret = memory_allocate(sizeof *secret);
  secret->mapped = (length / page + 1) * page;
  secret->length = length;
  secret->bytes = mmap(NULL, secret->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (secret->bytes == MAP_FAILED)
    memory_exhausted();
  madvise(secret->bytes, secret->mapped, MADV_DONTDUMP);
  madvise(secret->bytes, secret->mapped, MADV_WIPEONFORK);
  if (length)
    memcpy(secret->bytes, bytes, length);
  mprotect(secret->bytes, secret->mapped, PROT_READ);
  return secret;
}

void secret_destroy(struct secret *secret) {
  if (!secret)
    return;
  mprotect(secret->bytes, secret->mapped, PROT_READ | PROT_WRITE);
  secret_wipe(secret->bytes, secret->length);
  munmap(secret->bytes, secret->mapped);
  free(secret);
}

const char *secret_expose(const struct secret *secret) { return secret->bytes; }

bool secret_equals(const struct secret *left, const struct secret *right) {
  if (left->length != right->length)
    return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < left->length; i++)
    difference |= (unsigned char)(left->bytes[i] ^ right->bytes[i]);
  return difference == 0;
}

/* O_NONBLOCK: a FIFO must not hang us before fstat() can refuse it. */
static int open_key_file(const char *path, struct error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    error_set(error, ERROR_CONFIG, "could not open key file \"%s\": %s", path, strerror(errno));
    return -1;
  }
  struct stat status;
  if (fstat(fd, &status) != 0)
    error_set(error, ERROR_CONFIG, "could not examine key file \"%s\": %s", path, strerror(errno));
  else if (!S_ISREG(status.st_mode))
    error_set(error, ERROR_CONFIG, "could not use key file \"%s\": it is no regular file", path);
  else if (status.st_mode & S_IROTH)
    error_set(error, ERROR_CONFIG, "could not use key file \"%s\": others can read it, run chmod o-r on it", path);
  else
    return fd;
  close(fd);
  return -1;
}

static bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

bool secret_from_text(struct slice text, struct secret **ret_secret, struct error *error) {
  while (text.length && is_space(text.bytes[text.length - 1]))
    text.length--;
  while (text.length && is_space(*text.bytes)) {
    text.bytes++;
    text.length--;
  }
  if (text.length == 0)
    return error_set(error, ERROR_CONFIG, "it is empty");
  for (size_t i = 0; i < text.length; i++) {
    if ((unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f)
      return error_set(error, ERROR_CONFIG, "it holds control characters, it must hold one key and nothing else");
  }
  *ret_secret = secret_create(text.bytes, text.length);
  return true;
}

bool secret_read_file(const char *path, struct secret **ret_secret, struct error *error) {
  int fd = open_key_file(path, error);
  if (fd < 0)
    return false;
  char bytes[KEY_BYTES_MAX + 1];
  size_t length = 0;
  ssize_t got = 1;
  while (got != 0 && length < sizeof bytes) {
    got = read(fd, bytes + length, sizeof bytes - length);
    if (got < 0 && errno != EINTR)
      break;
    length += got > 0 ? (size_t)got : 0;
  }
  bool read_well = false;
  if (got < 0)
    error_set(error, ERROR_CONFIG, "could not read key file \"%s\": %s", path, strerror(errno));
  else if (length > KEY_BYTES_MAX)
    error_set(error, ERROR_CONFIG, "could not use key file \"%s\": it is larger than 4 KiB", path);
  else
    read_well = secret_from_text((struct slice){bytes, length}, ret_secret, error) ||
                error_prefix(error, "could not use key file \"%s\"", path);
  secret_wipe(bytes, sizeof bytes);
  close(fd);
  return read_well;
}
