/* Landlock with no rule at all: everything that this kernel can refuse is refused. The numbers are written out because the
 * headers of current distributions are older than their kernels. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

enum {
  sys_landlock_create_ruleset = 444, /* the same on every architecture */
  sys_landlock_restrict_self = 446,
  create_ruleset_version = 1,
};

typedef struct ruleset {
  uint64_t files;
  uint64_t network; /* since ABI 4 */
  uint64_t scoped;  /* since ABI 6 */
} ruleset;

static uint64_t low_bits(unsigned count) { return ((uint64_t)1 << count) - 1; }

/* Each ABI only adds rights; a kernel refuses bits that it does not know. */
static ruleset everything(long abi, size_t *size) {
  unsigned files = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
  *size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  return (ruleset){
      .files = low_bits(files),
      .network = abi >= 4 ? low_bits(2) : 0,
      .scoped = abi >= 6 ? low_bits(2) : 0,
  };
}

bool landlock_enter(uint32_t *abi, char *error, size_t error_size) {
  *abi = 0;
  long version = syscall(sys_landlock_create_ruleset, NULL, 0, create_ruleset_version);
  if (version < 1) {
    snprintf(error, error_size, "Landlock, and no chroot in its place: %s", strerror(errno));
    return false;
  }
  size_t size;
  ruleset all = everything(version, &size);
  long fd = syscall(sys_landlock_create_ruleset, &all, size, 0);
  if (fd < 0 || syscall(sys_landlock_restrict_self, fd, 0) != 0) {
    snprintf(error, error_size, "Landlock ABI %ld: %s", version, strerror(errno));
    if (fd >= 0) close((int)fd);
    return false;
  }
  close((int)fd);
  *abi = (uint32_t)version;
  return true;
}
