/* Reads bytes into entries. Every problem is told with its line, and reading goes on; nothing of a line that could be a secret
 * is repeated: only section and key names that look like names. */
#include "config/file.h"
#include "base/memory.h"
#include "base/nearest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)
enum { PIPE_PATIENCE_MS = 10000 };
#define LINE_BYTES_MAX 8192
#define SPACES         " \t\r\v\f"

struct reader {
  struct arena *arena;
  struct config_problems *problems;
  struct config_file *entries;
  int capacity;
  const char *file;
  int line;
  int first;           /* the first entry of this file */
  const char *section; /* NULL: no section yet, or one that is not known */
  const char *name;
  bool skipping; /* inside a section that was refused */
};

void config_problem(struct config_problems *problems, const char *file, int line, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  problems->count++;
  char where[16] = "";
  if (line)
    snprintf(where, sizeof where, ":%d", line);
  if (!buffer_append_format(problems->lines, "%s%s: %s\n", file, where, text))
    return; /* the buffer is full: there are enough problems to read, and the count says there are more */
}

const char *config_quote(struct arena *arena, const char *value) {
  char text[72] = "\"";
  size_t length = strlen(value), shown = text_utf8_floor(slice_of(value), length > 64 ? 61 : length);
  memcpy(text + 1, value, shown);
  for (size_t i = 1; i <= shown; i++) {
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
      text[i] = '?';
  }
  strcpy(text + 1 + shown, shown < length ? "...\"" : "\"");
  const char *copy = arena_copy(arena, text, strlen(text));
  return copy ? copy : "that";
}

static void tell(struct reader *reader, const char *message) {
  config_problem(reader->problems, reader->file, reader->line, "%s", message);
}

/* A name that may be repeated in a message: it cannot be mistaken for a value. */
static bool is_word(const char *text) {
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
  return length > 0 && length <= 64 && text[length] == '\0';
}

/* Cuts white space at both ends, in place. */
static char *trim(char *text) {
  text += strspn(text, SPACES);
  size_t length = strlen(text);
  while (length && strchr(SPACES, text[length - 1]))
    length--;
  text[length] = '\0';
  return text;
}

static bool is_organization_name(const char *name) {
  size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
  return length >= 1 && length <= 63 && name[length] == '\0';
}

static const char *section_at(const void *context, size_t index) {
  static const char *const sections[] = {"organization", "database", "api", "sync", "history", "http", "fleet", "log"};
  (void)context;
  return index < sizeof sections / sizeof sections[0] ? sections[index] : NULL;
}

static bool is_section(const char *section) {
  const char *known;
  for (size_t i = 0; (known = section_at(NULL, i)) != NULL; i++) {
    if (strcmp(section, known) == 0)
      return true;
  }
  return false;
}

static void refuse_section(struct reader *reader, const char *section, const char *name) {
  bool shown = is_word(section);
  const char *nearest = shown && !is_section(section) ? nearest_word(section, section_at, NULL) : NULL;
  reader->entries->organization_refused |= strcmp(nearest ? nearest : section, "organization") == 0;
  if (strcmp(section, "organization") == 0)
    config_problem(reader->problems, reader->file, reader->line,
                   "an organization's section is [organization NAME], NAME being 1 to 63 of a-z 0-9 _ -, not %s",
                   config_quote(reader->arena, name));
  else if (nearest)
    config_problem(reader->problems, reader->file, reader->line, "unknown section %s: the nearest is \"%s\"",
                   config_quote(reader->arena, section), nearest);
  else
    config_problem(
        reader->problems, reader->file, reader->line,
        "unknown section%s%s%s; there are database, api, sync, history, http, fleet, log and organization NAME",
        shown ? " " : "", shown ? config_quote(reader->arena, section) : "",
        shown && is_section(section) ? " with a name behind it" : "");
}

static void add_entry(struct reader *reader, const char *key, const char *value) {
  struct config_file *file = reader->entries;
  struct config_entry entry = {.section = reader->section,
                               .name = reader->name,
                               .key = arena_copy(reader->arena, key, strlen(key)),
                               .value = arena_copy(reader->arena, value, strlen(value)),
                               .file = reader->file,
                               .line = reader->line};
  if (!entry.key || !entry.value) {
    tell(reader, "the configuration is too large");
    return;
  }
  if (file->count == reader->capacity) {
    reader->capacity = reader->capacity ? 2 * reader->capacity : 64;
    file->entries = memory_resize(file->entries, (size_t)reader->capacity * sizeof *file->entries);
  }
  file->entries[file->count++] = entry;
}

/* "[section]" or "[organization NAME]"; what follows a refused one is skipped without further words. */
static void read_section(struct reader *reader, char *line) {
  reader->skipping = true;
  reader->section = NULL;
  size_t length = strlen(line);
  if (line[length - 1] != ']') {
    tell(reader, "a section ends with \"]\" and stands alone on its line");
    return;
  }
  line[length - 1] = '\0';
  char *section = trim(line + 1), *name = section + strcspn(section, SPACES);
  if (*name)
    *name++ = '\0';
  name = trim(name);
  bool of_organization = strcmp(section, "organization") == 0;
  if (of_organization ? !is_organization_name(name) : !is_section(section) || *name) {
    refuse_section(reader, section, name);
    return;
  }
  reader->section = arena_copy(reader->arena, section, strlen(section));
  reader->name = arena_copy(reader->arena, name, strlen(name));
  reader->skipping = !reader->section || !reader->name;
  if (!reader->skipping && *name)
    add_entry(reader, "", "");
}

static bool is_quoted(const char *value) {
  size_t length = strlen(value);
  return length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value;
}

static void read_key(struct reader *reader, char *line) {
  char *equals = strchr(line, '=');
  if (!equals) {
    tell(reader, "neither \"[section]\" nor \"key = value\" nor a comment (# or ; at the beginning of the line)");
    return;
  }
  *equals = '\0';
  const char *key = trim(line), *value = trim(equals + 1);
  if (!is_word(key))
    tell(reader, "what stands before \"=\" is no key");
  else if (!reader->section && !reader->skipping)
    config_problem(reader->problems, reader->file, reader->line, "\"%s\" stands before the first [section]", key);
  else if (is_quoted(value))
    config_problem(reader->problems, reader->file, reader->line, "the value of \"%s\" is in quotes: take them away",
                   key);
  else if (!reader->skipping)
    add_entry(reader, key, value);
}

static void read_line(struct reader *reader, char *line, size_t length) {
  if (length > LINE_BYTES_MAX) {
    config_problem(reader->problems, reader->file, reader->line, "a line is longer than %d bytes", LINE_BYTES_MAX);
    return;
  }
  if (memchr(line, '\0', length)) {
    tell(reader, "a line holds a NUL byte; this is no text file, or not in UTF-8");
    return;
  }
  char *text = trim(line);
  if (*text == '\0' || *text == '#' || *text == ';')
    return;
  for (size_t at = 0, all = strlen(text); at < all;) {
    size_t step = text_utf8_character((struct slice){text + at, all - at}, NULL);
    if (step == 0) {
      tell(reader, "a line is not in UTF-8");
      return;
    }
    at += step;
  }
  if (*text == '[')
    read_section(reader, text);
  else
    read_key(reader, text);
}

/* Equal keys become neighbours, the earlier line first. */
static int compare_entries(const void *left_entry, const void *right_entry) {
  const struct config_entry *left = left_entry, *right = right_entry;
  int order = strcmp(left->section, right->section);
  if (order == 0)
    order = strcmp(left->name, right->name);
  if (order == 0)
    order = strcmp(left->key, right->key);
  return order ? order : (left->line > right->line) - (left->line < right->line);
}

static void tell_twins(struct reader *reader) {
  size_t count = (size_t)(reader->entries->count - reader->first), bytes = count * sizeof(struct config_entry);
  if (count < 2)
    return;
  struct config_entry *sorted = memory_allocate(bytes);
  memcpy(sorted, reader->entries->entries + reader->first, bytes);
  qsort(sorted, count, sizeof *sorted, compare_entries);
  for (size_t i = 1; i < count; i++) {
    const struct config_entry *before = &sorted[i - 1], *entry = &sorted[i];
    if (strcmp(before->section, entry->section) == 0 && strcmp(before->name, entry->name) == 0 &&
        strcmp(before->key, entry->key) == 0 && *entry->key)
      config_problem(reader->problems, entry->file, entry->line,
                     "\"%s\" is here twice, first on line %d; keep one of them", entry->key, before->line);
  }
  memory_free(sorted);
}

static void read_lines(struct reader *reader, char *bytes, size_t length) {
  char *at = bytes, *end = bytes + length;
  if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
    at += 3;
  while (at < end) {
    char *next = memchr(at, '\n', (size_t)(end - at));
    if (!next)
      next = end;
    *next = '\0'; /* the buffer has a byte more than the file */
    reader->line++;
    read_line(reader, at, (size_t)(next - at));
    at = next + 1;
  }
  tell_twins(reader);
}

/* A configuration may be a pipe (`-c <(...)`). Whether one that has nothing now gets something in time. */
static bool comes_later(int fd) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  return errno == EAGAIN && poll(&waiting, 1, PIPE_PATIENCE_MS) > 0;
}

/* The whole file, NUL-terminated, to be freed; NULL and errno otherwise. */
static char *slurp(const char *path, size_t *ret_length) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return NULL;
  struct stat status;
  struct buffer buffer;
  buffer_init(&buffer, FILE_BYTES_MAX);
  ssize_t got = fstat(fd, &status);
  if (got == 0 && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    got = -1;
  } else if (got == 0) {
    got = 1;
  }
  while (got > 0) {
    char chunk[16384];
    do
      got = read(fd, chunk, sizeof chunk);
    while (got < 0 && (errno == EINTR || comes_later(fd)));
    if (got >= 0 && !buffer_append(&buffer, chunk, (size_t)got)) {
      errno = EFBIG;
      got = -1;
    }
  }
  int reason = errno;
  close(fd);
  if (got < 0) {
    buffer_finish(&buffer);
    errno = reason;
    return NULL;
  }
  *ret_length = buffer.length;
  return buffer.bytes;
}

static void read_file(struct reader *reader, const char *path, char *bytes, size_t length) {
  reader->file = arena_copy(reader->arena, path, strlen(path));
  reader->line = 0;
  reader->first = reader->entries->count;
  reader->section = reader->name = NULL;
  reader->skipping = false;
  if (reader->file)
    read_lines(reader, bytes, length);
  else
    config_problem(reader->problems, path, 0, "the configuration is too large");
}

static int is_drop_in(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int compare_names(const struct dirent **left, const struct dirent **right) {
  return strcmp((*left)->d_name, (*right)->d_name);
}

static void read_drop_ins(struct reader *reader, const char *path) {
  struct buffer folder;
  buffer_init(&folder, 8192);
  struct dirent **names = NULL;
  bool fits = buffer_append_format(&folder, "%s.d", path);
  int count = fits ? scandir(folder.bytes, &names, is_drop_in, compare_names) : 0;
  if (count < 0 && errno != ENOENT)
    config_problem(reader->problems, folder.bytes, 0, "could not read this folder: %s", strerror(errno));
  for (int i = 0; i < count; i++) {
    size_t length = 0;
    buffer_clear(&folder);
    fits = buffer_append_format(&folder, "%s.d/%s", path, names[i]->d_name);
    char *bytes = fits ? slurp(folder.bytes, &length) : NULL;
    if (bytes)
      read_file(reader, folder.bytes, bytes, length);
    else
      config_problem(reader->problems, fits ? folder.bytes : path, 0, "could not read this file: %s", strerror(errno));
    free(bytes);
    free(names[i]);
  }
  free(names);
  buffer_finish(&folder);
}

bool config_file_read(const char *path, struct arena *arena, struct config_problems *problems,
                      struct config_file *ret_file) {
  *ret_file = (struct config_file){.entries = NULL};
  struct reader reader = {.arena = arena, .problems = problems, .entries = ret_file};
  size_t length = 0;
  char *bytes = slurp(path, &length);
  if (!bytes && (errno == ENOENT || errno == ENOTDIR))
    return false;
  if (bytes)
    read_file(&reader, path, bytes, length);
  else
    config_problem(problems, path, 0, "could not read this file: %s", strerror(errno));
  free(bytes);
  read_drop_ins(&reader, path);
  return true;
}
