// Loaded into the service with LD_PRELOAD: counts the calls that change files of one folder, ends the process before one of them, and
// writes down what was changed, what was synced and what left the process, in the order in which it happened.
//
//   CRASH_FOLDER  the folder, as the kernel names it
//   CRASH_AT      the number of the call before which the process kills itself; 0 or absent: none
//   CRASH_WORD    what is looked for in everything that is written: the process kills itself before the first write that holds it
//   CRASH_AFTER   set: not before that write but when the next sync of a file has returned, which is when it is on disk
//   CRASH_LOG     the file to append to; absent: nothing is written down
//
// A record is the header below, then the name, relative to the folder, then the bytes. One lock is held over each call and its record,
// syncs included, so that a sync in the log vouches for every write before it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATED = 1, WRITTEN, TRUNCATED, SYNCED, FOLDER_SYNCED, UNLINKED, RENAMED, SENT };

struct header {
  uint32_t kind;
  uint32_t name_size;
  uint64_t offset;
  uint64_t size;
};

#define PATH_SIZE 4096
#define SENT_MAX 65536

static char folder[PATH_SIZE];
static size_t folder_length;
static uint64_t crash_at, count;
static const char *crash_word;
static int crash_after, word_written;
static int log_file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("CRASH_FOLDER"), *at = getenv("CRASH_AT"), *log = getenv("CRASH_LOG");
  if (!path || strlen(path) >= sizeof folder) return;
  strcpy(folder, path);
  folder_length = strlen(folder);
  crash_at = at ? strtoull(at, NULL, 10) : 0;
  crash_word = getenv("CRASH_WORD");
  crash_after = getenv("CRASH_AFTER") != NULL;
  if (log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

// The part of `path` below the folder, "" for the folder itself; null when it lies elsewhere.
static const char *below(const char *path) {
  if (folder_length == 0 || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return path + folder_length;
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

// The name of an open file below the folder, or null. A file without a name any more counts as elsewhere.
static const char *name_of(int file, char *buffer) {
  static const char deleted[] = " (deleted)";
  char link[64];
  ssize_t length;
  if (folder_length == 0) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink(link, buffer, PATH_SIZE - 1);
  if (length <= 0) return NULL;
  buffer[length] = 0;
  if ((size_t)length >= sizeof deleted && strcmp(buffer + length - (sizeof deleted - 1), deleted) == 0) return NULL;
  return below(buffer);
}

// The same for a path; a relative one starts at `directory`.
static const char *name_at(int directory, const char *path, char *buffer) {
  size_t length;
  if (folder_length == 0 || !path) return NULL;
  if (path[0] == '/') return below(path);
  if (directory == AT_FDCWD) {
    if (!getcwd(buffer, PATH_SIZE)) return NULL;
  } else {
    char link[64];
    ssize_t size;
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    size = readlink(link, buffer, PATH_SIZE - 1);
    if (size <= 0) return NULL;
    buffer[size] = 0;
  }
  length = strlen(buffer);
  if (length + strlen(path) + 2 > PATH_SIZE) return NULL;
  buffer[length] = '/';
  strcpy(buffer + length + 1, path);
  return below(buffer);
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static void enter(void) {
  pthread_mutex_lock(&lock);
  if (++count == crash_at) die();
}

// Call with the lock, before the write.
static void look(const void *bytes, size_t size) {
  if (!crash_word || word_written || !memmem(bytes, size, crash_word, strlen(crash_word))) return;
  if (!crash_after) die();
  word_written = 1;
}

static void leave(void) {
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
}

static void record(uint32_t kind, const char *name, uint64_t offset, const void *bytes, uint64_t size) {
  int error = errno;
  struct header header = {kind, (uint32_t)strlen(name), offset, size};
  struct iovec parts[3] = {{&header, sizeof header}, {(void *)name, header.name_size}, {(void *)bytes, (size_t)size}};
  if (log_file >= 0) syscall(SYS_writev, log_file, parts, size && bytes ? 3 : 2);
  errno = error;
}

// ---- Files ----

static int opened(int directory, const char *path, int flags, mode_t mode) {
  char buffer[PATH_SIZE];
  struct stat status;
  const char *name = flags & (O_CREAT | O_TRUNC) ? name_at(directory, path, buffer) : NULL;
  int file, exists;
  if (!name) return (int)syscall(SYS_openat, directory, path, flags, mode);
  exists = fstatat(directory, path, &status, 0) == 0;
  if (exists && !(flags & O_TRUNC)) return (int)syscall(SYS_openat, directory, path, flags, mode);
  enter();
  file = (int)syscall(SYS_openat, directory, path, flags, mode);
  if (file >= 0) record(exists ? TRUNCATED : CREATED, name, 0, NULL, 0);
  leave();
  return file;
}

static mode_t mode_in(int flags, va_list arguments) {
  return flags & (O_CREAT | __O_TMPFILE) ? (mode_t)va_arg(arguments, unsigned) : 0;
}

#define OPEN(symbol)                               \
  int symbol(const char *path, int flags, ...) {   \
    va_list arguments;                             \
    mode_t mode;                                   \
    va_start(arguments, flags);                    \
    mode = mode_in(flags, arguments);              \
    va_end(arguments);                             \
    return opened(AT_FDCWD, path, flags, mode);    \
  }

#define OPENAT(symbol)                                          \
  int symbol(int directory, const char *path, int flags, ...) { \
    va_list arguments;                                          \
    mode_t mode;                                                \
    va_start(arguments, flags);                                 \
    mode = mode_in(flags, arguments);                           \
    va_end(arguments);                                          \
    return opened(directory, path, flags, mode);                \
  }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

static ssize_t written_at(int file, const void *bytes, size_t size, off_t offset) {
  char buffer[PATH_SIZE];
  const char *name = name_of(file, buffer);
  ssize_t done;
  if (!name) return syscall(SYS_pwrite64, file, bytes, size, offset);
  enter();
  look(bytes, size);
  done = syscall(SYS_pwrite64, file, bytes, size, offset);
  if (done > 0) record(WRITTEN, name, (uint64_t)offset, bytes, (uint64_t)done);
  leave();
  return done;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) { return written_at(file, bytes, size, offset); }
ssize_t pwrite64(int file, const void *bytes, size_t size, off_t offset) { return written_at(file, bytes, size, offset); }

static int is_socket(int file) {
  struct stat status;
  return log_file >= 0 && fstat(file, &status) == 0 && S_ISSOCK(status.st_mode);
}

// What leaves the process counts from the moment before it leaves.
static void sent(int file, const struct iovec *parts, size_t number) {
  static char bytes[SENT_MAX];
  size_t size = 0, index;
  if (!is_socket(file)) return;
  pthread_mutex_lock(&lock);
  for (index = 0; index < number; index++) {
    size_t step = parts[index].iov_len < SENT_MAX - size ? parts[index].iov_len : SENT_MAX - size;
    memcpy(bytes + size, parts[index].iov_base, step);
    size += step;
  }
  record(SENT, "", 0, bytes, size);
  leave();
}

ssize_t write(int file, const void *bytes, size_t size) {
  char buffer[PATH_SIZE];
  struct iovec part = {(void *)bytes, size};
  const char *name = name_of(file, buffer);
  ssize_t done;
  if (!name) {
    sent(file, &part, 1);
    return syscall(SYS_write, file, bytes, size);
  }
  enter();
  done = syscall(SYS_write, file, bytes, size);
  // The position is behind what was written now, also when the file is only appended to.
  if (done > 0) record(WRITTEN, name, (uint64_t)(lseek(file, 0, SEEK_CUR) - done), bytes, (uint64_t)done);
  leave();
  return done;
}

ssize_t writev(int file, const struct iovec *parts, int number) {
  sent(file, parts, (size_t)number);
  return syscall(SYS_writev, file, parts, number);
}

ssize_t send(int file, const void *bytes, size_t size, int flags) {
  struct iovec part = {(void *)bytes, size};
  sent(file, &part, 1);
  return syscall(SYS_sendto, file, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
  sent(file, message->msg_iov, message->msg_iovlen);
  return syscall(SYS_sendmsg, file, message, flags);
}

static int synced(int file, long number) {
  char buffer[PATH_SIZE];
  struct stat status;
  const char *name = name_of(file, buffer);
  int outcome;
  if (!name) return (int)syscall(number, file);
  enter();
  outcome = (int)syscall(number, file);
  if (outcome == 0 && word_written) die();
  if (outcome == 0) record(fstat(file, &status) == 0 && S_ISDIR(status.st_mode) ? FOLDER_SYNCED : SYNCED, name, 0, NULL, 0);
  leave();
  return outcome;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

static int truncated(int file, off_t size) {
  char buffer[PATH_SIZE];
  const char *name = name_of(file, buffer);
  int outcome;
  if (!name) return (int)syscall(SYS_ftruncate, file, size);
  enter();
  outcome = (int)syscall(SYS_ftruncate, file, size);
  if (outcome == 0) record(TRUNCATED, name, (uint64_t)size, NULL, 0);
  leave();
  return outcome;
}

int ftruncate(int file, off_t size) { return truncated(file, size); }
int ftruncate64(int file, off_t size) { return truncated(file, size); }

// ---- Names ----

int unlinkat(int directory, const char *path, int flags) {
  char buffer[PATH_SIZE];
  const char *name = flags & AT_REMOVEDIR ? NULL : name_at(directory, path, buffer);
  int outcome;
  if (!name) return (int)syscall(SYS_unlinkat, directory, path, flags);
  enter();
  outcome = (int)syscall(SYS_unlinkat, directory, path, flags);
  if (outcome == 0) record(UNLINKED, name, 0, NULL, 0);
  leave();
  return outcome;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  char old_buffer[PATH_SIZE], new_buffer[PATH_SIZE];
  const char *old_name = name_at(from, old, old_buffer), *new_name = name_at(to, new, new_buffer);
  int outcome;
  if (!old_name || !new_name) return (int)syscall(SYS_renameat2, from, old, to, new, flags);
  enter();
  outcome = (int)syscall(SYS_renameat2, from, old, to, new, flags);
  if (outcome == 0) record(RENAMED, old_name, 0, new_name, strlen(new_name));
  leave();
  return outcome;
}

int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }
