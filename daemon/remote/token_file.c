/* A refresh token may be spent once, so the next one must not be lost. The order is: lock, room for the new file beside the old one
 * (PATH.new, filled, on the disk), and only then is Close asked; the answer is written into that room, fsync, rename, fsync of the
 * folder, and only then is the new access token used. A process that dies before the write costs an `authorize` when Close had answered;
 * one that dies behind it costs nothing, for whoever comes next under the lock finds a PATH.new that says which refresh token it
 * replaces. */
#include "remote/token_file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct token_file {
  char *path, *fresh_path /* PATH.new */, *folder;
  int lock_fd, fresh_fd /* -1: nothing is reserved */;
  bool written, renamed; /* of what was reserved */
};

struct token_stamp token_stamp_of(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0)
    return (struct token_stamp){.inode = 0};
  return (struct token_stamp){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
}

bool token_stamp_equals(const struct token_stamp *left, const struct token_stamp *right) {
  return left->device == right->device && left->inode == right->inode && left->bytes == right->bytes &&
         left->written.tv_sec == right->written.tv_sec && left->written.tv_nsec == right->written.tv_nsec;
}

/* Whether a person must act, or this machine has no file, memory or disk for us just now. */
static enum error_kind kind_of(int reason) {
  bool passes = reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == EIO || reason == ENOBUFS;
  return passes ? ERROR_LIMIT : ERROR_CREDENTIAL;
}

/* O_NONBLOCK: a FIFO must not hang us before fstat() can refuse it. */
static int open_to_read(const char *path, struct stat *ret_status, struct error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT)
    error_set(error, ERROR_CREDENTIAL, "there is no token file \"%s\"", path);
  else if (fd < 0 && errno == ELOOP)
    error_set(error, ERROR_CREDENTIAL, "the token file \"%s\" is a symbolic link: name the file itself", path);
  else if (fd < 0 || fstat(fd, ret_status) != 0)
    error_set(error, kind_of(errno), "could not open the token file \"%s\": %s", path, strerror(errno));
  else if (!S_ISREG(ret_status->st_mode))
    error_set(error, ERROR_CREDENTIAL, "the token file \"%s\" is no regular file", path);
  else if (ret_status->st_mode & (S_IROTH | S_IWOTH))
    error_set(error, ERROR_CREDENTIAL, "the token file \"%s\" is open to others: run chmod o-rw on it", path);
  else
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

bool token_file_read(const char *path, struct oauth_token *ret_token, struct error *error) {
  struct stat status = {0};
  int fd = open_to_read(path, &status, error);
  if (fd < 0)
    return false;
  char bytes[OAUTH_FILE_BYTES_MAX + 1];
  ssize_t length = secret_read(fd, bytes, sizeof bytes);
  bool good =
      length < 0
          ? error_set(error, kind_of(errno), "could not read the token file \"%s\": %s", path, strerror(errno))
          : oauth_read_file((struct slice){bytes, (size_t)length}, (int64_t)status.st_mtim.tv_sec, ret_token, error) ||
                error_prefix(error, "could not use the token file \"%s\"", path);
  explicit_bzero(bytes, sizeof bytes);
  close(fd);
  return good;
}

/* ---- the lock ---- */

static char *join(const char *path, const char *ending) {
  size_t length = strlen(path) + strlen(ending) + 1;
  char *text = memory_allocate(length);
  snprintf(text, length, "%s%s", path, ending);
  return text;
}

/* Owner and group that the new file must have: the old file's, else the folder's. */
static bool owner_of(const struct token_file *file, struct stat *ret_status) {
  return lstat(file->path, ret_status) == 0 || stat(file->folder, ret_status) == 0;
}

static bool give_to_owner(const struct token_file *file, int fd) {
  struct stat owner, own;
  if (!owner_of(file, &owner) || fstat(fd, &own) != 0)
    return false;
  return (owner.st_uid == own.st_uid && owner.st_gid == own.st_gid) || fchown(fd, owner.st_uid, owner.st_gid) == 0;
}

/* A lock that root made for a service is the service's, or nobody else could take it. */
static int open_lock(const struct token_file *file, const char *path) {
  int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
  int fd = open(path, flags | O_CREAT | O_EXCL, 0600);
  if (fd < 0)
    return errno == EEXIST || errno == EROFS || errno == EACCES ? open(path, flags) : -1;
  if (give_to_owner(file, fd))
    return fd;
  int reason = errno;
  close(fd);
  unlink(path);
  errno = reason;
  return -1;
}

static struct token_file *token_file_create(const char *path) {
  struct token_file *file = memory_allocate(sizeof *file);
  *file = (struct token_file){
      .path = memory_copy_text(path), .fresh_path = join(path, ".new"), .folder = join(path, ""), .lock_fd = -1};
  file->fresh_fd = -1;
  *(strrchr(file->folder, '/') + 1) = '\0'; /* the configuration takes absolute paths alone */
  return file;
}

/* Whether the lock is on what others will find: whoever could not give a new lock away has removed it again. */
static bool is_in_place(int fd, const char *path) {
  struct stat own, found;
  bool same =
      fstat(fd, &own) == 0 && lstat(path, &found) == 0 && own.st_ino == found.st_ino && own.st_dev == found.st_dev;
  if (!same)
    errno = EWOULDBLOCK;
  return same;
}

static bool sync_folder(const struct token_file *file) {
  int fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool good = fd >= 0 && fsync(fd) == 0;
  int reason = errno;
  if (fd >= 0)
    close(fd);
  errno = reason;
  return good;
}

/* Whether the new file was written to follow the old one, or to be the first. */
static bool follows(const struct token_file *file, const char *replaces) {
  struct oauth_token old = {.access = NULL};
  struct error error = {0};
  char digest[2 * HASH_BYTES + 1];
  if (!token_file_read(file->path, &old, &error))
    return access(file->path, F_OK) != 0 && errno == ENOENT && *replaces == '\0';
  oauth_digest(old.refresh, digest);
  oauth_token_finish(&old);
  return strcmp(digest, replaces) == 0;
}

static void recover(const struct token_file *file) {
  struct oauth_token fresh = {.access = NULL};
  struct error ignored;
  if (!token_file_read(file->fresh_path, &fresh, &ignored))
    return;
  if (follows(file, fresh.replaces) && rename(file->fresh_path, file->path) == 0)
    (void)!sync_folder(file);
  oauth_token_finish(&fresh);
}

struct token_file *token_file_lock(const char *path, struct error *error) {
  struct token_file *file = token_file_create(path);
  char *lock_path = join(path, ".lock");
  file->lock_fd = open_lock(file, lock_path);
  bool locked =
      file->lock_fd >= 0 && flock(file->lock_fd, LOCK_EX | LOCK_NB) == 0 && is_in_place(file->lock_fd, lock_path);
  if (!locked && file->lock_fd >= 0 && errno == EWOULDBLOCK)
    error_set(error, ERROR_CONFLICT, "another process holds \"%s\"", lock_path);
  else if (!locked)
    error_set(error, ERROR_LIMIT, "could not lock \"%s\": %s", lock_path, strerror(errno));
  memory_free(lock_path);
  if (locked) {
    recover(file);
    return file;
  }
  token_file_leave(file);
  return NULL;
}

/* What was written stays, if it could not be put in place: the only copy on the disk. */
static void drop_reserved(struct token_file *file) {
  if (file->fresh_fd < 0)
    return;
  close(file->fresh_fd);
  if (!file->written)
    unlink(file->fresh_path);
  file->fresh_fd = -1;
  file->written = file->renamed = false;
}

void token_file_leave(struct token_file *file) {
  if (file == NULL)
    return;
  drop_reserved(file);
  if (file->lock_fd >= 0)
    close(file->lock_fd);
  memory_free(file->path);
  memory_free(file->fresh_path);
  memory_free(file->folder);
  memory_free(file);
}

/* ---- the new file ---- */

static bool write_all(int fd, const char *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t written = pwrite(fd, bytes + at, length - at, (off_t)at);
    if (written < 0 && errno != EINTR)
      return false;
    at += written > 0 ? (size_t)written : 0;
  }
  return true;
}

/* A file that is mounted by itself cannot be replaced by a rename. */
static bool may_be_replaced(const char *path) {
  struct statx status = {0};
  bool mounted = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status) == 0 &&
                 (status.stx_attributes & status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (mounted)
    errno = EBUSY;
  return !mounted;
}

bool token_file_reserve(struct token_file *file, struct error *error) {
  static const char zeros[OAUTH_FILE_BYTES_MAX];
  drop_reserved(file);
  unlink(file->fresh_path);
  if (!may_be_replaced(file->path))
    return error_set(error, ERROR_LIMIT, "could not replace \"%s\": it is a mount of its own, mount its folder",
                     file->path);
  file->fresh_fd = open(file->fresh_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  bool owned = file->fresh_fd >= 0 && fchmod(file->fresh_fd, 0600) == 0 && give_to_owner(file, file->fresh_fd);
  if (owned && write_all(file->fresh_fd, zeros, sizeof zeros) && fsync(file->fresh_fd) == 0)
    return true;
  int reason = errno;
  bool made = file->fresh_fd >= 0;
  drop_reserved(file);
  if (made && !owned)
    return error_set(error, ERROR_LIMIT, "could not give \"%s\" the owner and group of \"%s\": %s", file->fresh_path,
                     file->path, strerror(reason));
  return error_set(error, ERROR_LIMIT, "could not make \"%s\": %s", file->fresh_path, strerror(reason));
}

/* Each step may fail and be tried again from the first one on. */
static bool put_in_place(struct token_file *file, const struct secret *text) {
  const char *bytes = secret_expose(text);
  file->written = true;
  if (!write_all(file->fresh_fd, bytes, strlen(bytes)) || ftruncate(file->fresh_fd, (off_t)strlen(bytes)) != 0 ||
      fsync(file->fresh_fd) != 0)
    return false;
  file->renamed = file->renamed || rename(file->fresh_path, file->path) == 0;
  return file->renamed && sync_folder(file);
}

bool token_file_save(struct token_file *file, const struct oauth_token *token, struct error *error) {
  if (file->fresh_fd < 0 && !token_file_reserve(file, error))
    return false;
  struct secret *text = oauth_write_file(token);
  bool good = put_in_place(file, text);
  int reason = errno;
  secret_destroy(text);
  if (good)
    drop_reserved(file);
  return good || error_set(error, ERROR_LIMIT, "could not write \"%s\": %s", file->path, strerror(reason));
}
