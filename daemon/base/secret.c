/* Secrets have pages of their own: they are left out of core dumps, kept from children, and wiped before they go back. */
#include "base/secret.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES_MAX = 4096, ROOM_BYTES = 64 * 1024 };

struct pages { /* one mapping, of one secret or of many */
  char *bytes;
  size_t mapped, used;
  size_t users; /* the secrets in it, and the room that fills it */
};

struct secret_room {
  struct pages *pages; /* open for writing; NULL: none yet */
};

struct secret {
  struct pages *pages;
  char *bytes; /* in them */
  size_t length;
};

static struct pages *map_pages(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  struct pages *pages = memory_allocate(sizeof *pages);
  pages->mapped = (bytes + page - 1) / page * page;
  pages->bytes = mmap(NULL, pages->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages->bytes == MAP_FAILED)
    memory_exhausted();
  madvise(pages->bytes, pages->mapped, MADV_DONTDUMP);
  madvise(pages->bytes, pages->mapped, MADV_WIPEONFORK);
  return pages;
}

/* The last user of a mapping wipes and gives back all of it: doing so for each secret would change the whole mapping for each. */
static void leave_pages(struct pages *pages) {
  if (pages == NULL || --pages->users > 0)
    return;
  mprotect(pages->bytes, pages->mapped, PROT_READ | PROT_WRITE);
  explicit_bzero(pages->bytes, pages->mapped);
  munmap(pages->bytes, pages->mapped);
  free(pages);
}

static void seal(const struct pages *pages) { mprotect(pages->bytes, pages->mapped, PROT_READ); }

static struct secret *put(struct pages *pages, struct slice text) {
  struct secret *secret = memory_allocate(sizeof *secret);
  *secret = (struct secret){.pages = pages, .bytes = pages->bytes + pages->used, .length = text.length};
  if (text.length)
    memcpy(secret->bytes, text.bytes, text.length);
  pages->used += text.length + 1;
  pages->users++;
  return secret;
}

struct secret *secret_create(const char *bytes, size_t length) {
  struct pages *pages = map_pages(length + 1);
  struct secret *secret = put(pages, (struct slice){bytes, length});
  seal(pages);
  return secret;
}

struct secret *secret_copy(const struct secret *secret) {
  return secret == NULL ? NULL : secret_create(secret->bytes, secret->length);
}

struct secret_room *secret_room_open(void) {
  return memory_allocate(sizeof(struct secret_room));
}

static void leave_room(struct secret_room *room) {
  if (room->pages)
    seal(room->pages);
  leave_pages(room->pages);
  room->pages = NULL;
}

void secret_room_close(struct secret_room *room) {
  leave_room(room);
  free(room);
}

static struct secret *put_into(struct secret_room *room, struct slice text) {
  if (!room)
    return secret_create(text.bytes, text.length);
  if (room->pages && room->pages->mapped - room->pages->used < text.length + 1)
    leave_room(room);
  if (!room->pages) {
    room->pages = map_pages(text.length + 1 > ROOM_BYTES ? text.length + 1 : ROOM_BYTES);
    room->pages->users = 1;
  }
  return put(room->pages, text);
}

void secret_destroy(struct secret *secret) {
  if (!secret)
    return;
  leave_pages(secret->pages);
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
  else if (status.st_mode & S_IWOTH)
    error_set(error, ERROR_CONFIG, "could not use key file \"%s\": others can write it, run chmod o-w on it", path);
  else
    return fd;
  close(fd);
  return -1;
}

/* "CLOSE_API_KEY=api_…", "export api_key=…": a line of a shell's. A "=" at the end is base64's. */
static bool begins_with_name(struct slice text) {
  static const char *const usual[] = {"key", "token", "secret", "pass", "close", "export "};
  char name[64];
  size_t length = 0;
  bool capitals = true, names = false;
  while (length < text.length && length < sizeof name - 1 && text.bytes[length] != '=') {
    char byte = text.bytes[length];
    bool word = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (!word && byte != '_' && byte != ' ')
      return false;
    capitals &= byte < 'a';
    name[length++] = byte;
  }
  name[length] = '\0';
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
    names |= strcasestr(name, usual[i]) != NULL;
  return length > 0 && length + 1 < text.length && text.bytes[length] == '=' && text.bytes[length + 1] != '=' &&
         (capitals || names);
}

/* What people write into the file besides the key; NULL: nothing. */
static const char *fault_of(struct slice text) {
  char first = *text.bytes, last = text.bytes[text.length - 1];
  if (text.length >= 3 && memcmp(text.bytes, "\xef\xbb\xbf", 3) == 0)
    return "it begins with a byte order mark, save it as plain text without one";
  if (first == '"' || first == '\'' || last == '"' || last == '\'')
    return "it is in quotes, it must hold the key alone";
  if (begins_with_name(text))
    return "it begins with a name and \"=\", it must hold the key alone";
  if (last == ':')
    return "it ends with a colon, which is no part of the key";
  for (size_t i = 0; i < text.length; i++) {
    if (text_is_blank(text.bytes[i]))
      return "it has white space inside, it must hold one key and nothing else";
    if ((unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f)
      return "it holds control characters, it must hold one key and nothing else";
  }
  return NULL;
}

static bool take_key(struct slice text, struct secret_room *room, struct secret **ret_secret, struct error *error) {
  text = text_trim(text);
  if (text.length == 0)
    return error_set(error, ERROR_CONFIG, "it is empty");
  const char *fault = fault_of(text);
  if (fault)
    return error_set(error, ERROR_CONFIG, "%s", fault);
  *ret_secret = put_into(room, text);
  return true;
}

bool secret_from_text(struct slice text, struct secret **ret_secret, struct error *error) {
  return take_key(text, NULL, ret_secret, error);
}

ssize_t secret_read(int fd, char *bytes, size_t size) {
  size_t length = 0;
  ssize_t got = 1;
  while (got != 0 && length < size) {
    got = read(fd, bytes + length, size - length);
    if (got < 0 && errno != EINTR)
      return -1;
    length += got > 0 ? (size_t)got : 0;
  }
  return (ssize_t)length;
}

bool secret_read_file(const char *path, struct secret_room *room, struct secret **ret_secret, struct error *error) {
  int fd = open_key_file(path, error);
  if (fd < 0)
    return false;
  char bytes[KEY_BYTES_MAX + 1];
  ssize_t length = secret_read(fd, bytes, sizeof bytes);
  bool read_well = false;
  if (length < 0)
    error_set(error, ERROR_CONFIG, "could not read key file \"%s\": %s", path, strerror(errno));
  else if (length > KEY_BYTES_MAX)
    error_set(error, ERROR_CONFIG, "could not use key file \"%s\": it is larger than 4 KiB", path);
  else
    read_well = take_key((struct slice){bytes, (size_t)length}, room, ret_secret, error) ||
                error_prefix(error, "could not use key file \"%s\"", path);
  explicit_bzero(bytes, sizeof bytes);
  close(fd);
  return read_well;
}
