/* Two libraries go wrong when a certain file is refused, so every library that is loaded later finds this `open` and
 * `open64` before those of the C library. They grant nothing: what the kernel refuses stays refused, except that
 *
 *   /proc/<tid>/stat   libdispatch watches its threads there, and traps without it. It gets an empty file, in which it
 *                      finds no thread to run.
 *   /dev/urandom       Foundation's UUID() takes its bits from there, and is always the same without it. It gets a
 *                      descriptor that was opened before the sandbox. */
#define _GNU_SOURCE
#include "open_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skill_frames.h"

static int randomness = -1;

void open_shim_prepare(void) { randomness = open("/dev/urandom", O_RDONLY | O_CLOEXEC); }

static bool is_thread_status(const char *path) {
  if (strncmp(path, "/proc/", 6) != 0) return false;
  size_t digits = strspn(path + 6, "0123456789");
  return digits > 0 && strcmp(path + 6 + digits, "/stat") == 0;
}

static int stand_in(const char *path) {
  if (path == NULL) return -1;
  if (is_thread_status(path)) return OC_FD_EMPTY;
  if (strcmp(path, "/dev/urandom") == 0 || strcmp(path, "/dev/random") == 0) return randomness;
  return -1;
}

static int open_or_stand_in(const char *path, int flags, mode_t mode) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (fd >= 0) return fd;
  int refusal = errno;
  int other = stand_in(path);
  if (other >= 0) fd = dup(other);
  if (fd < 0) errno = refusal;
  return fd;
}

static bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define SHIM(name)                                                                          \
  __attribute__((visibility("default"), used)) int name(const char *path, int flags, ...) { \
    mode_t mode = 0;                                                                        \
    if (takes_mode(flags)) {                                                                \
      va_list rest;                                                                         \
      va_start(rest, flags);                                                                \
      mode = va_arg(rest, mode_t);                                                          \
      va_end(rest);                                                                         \
    }                                                                                       \
    return open_or_stand_in(path, flags, mode);                                             \
  }

SHIM(open)
SHIM(open64)
