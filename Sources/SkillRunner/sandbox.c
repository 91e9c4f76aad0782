/* Order matters here. Each step is possible only before the next one, and all of them need a process with one thread. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skill_frames.h"

static bool refuse(const char *what, char *error, size_t error_size) {
  snprintf(error, error_size, "%s: %s", what, strerror(errno));
  return false;
}

/* ---- Limits ---- */

static bool limit(int resource, rlim_t value) {
  struct rlimit now;
  if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return false;
  if (now.rlim_max < value) value = now.rlim_max;
  struct rlimit wanted = {value, value};
  return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

/* DATA makes malloc fail cleanly; AS is the outer fence, because it also counts reserved address space. There is no CPU
 * limit: it counts the whole life of a runner, so it would end a busy skill in the middle of a call, and its soft half is a
 * signal that a skill may ignore. The host's deadline ends each call, and the host watches the clock between calls. */
static bool set_limits(void) {
  return limit(RLIMIT_DATA, (rlim_t)256 << 20) && limit(RLIMIT_AS, (rlim_t)2 << 30) && limit(RLIMIT_STACK, (rlim_t)8 << 20) &&
         limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 64) && limit(RLIMIT_MEMLOCK, 0) &&
         limit(RLIMIT_MSGQUEUE, 0);
}

/* ---- Identity ---- */

/* A user that nobody else is: by process id, so that two runners cannot signal each other, or, where a container
 * maps only few ids, the overflow user. `*is_own` tells which. */
static bool become_unused_user(bool *is_own) {
  uid_t own = 2000000000u + (uid_t)getpid();
  *is_own = setresgid(own, own, own) == 0 && setresuid(own, own, own) == 0;
  return *is_own || (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
}

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return written;
}

/* A namespace of its own, in which the user is 65534 and may chroot. */
static bool enter_user_namespace(void) {
  char map[64];
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0) return false;
  if (!write_file("/proc/self/setgroups", "deny")) return false;
  snprintf(map, sizeof map, "65534 %u 1", gid);
  if (!write_file("/proc/self/gid_map", map)) return false;
  snprintf(map, sizeof map, "65534 %u 1", uid);
  return write_file("/proc/self/uid_map", map);
}

/* The new root is the folder of our own descriptors: nothing can be created there, and the image is found as /4. */
static bool change_root(void) { return chroot("/proc/self/fd") == 0 && chdir("/") == 0; }

/* ---- Privileges ---- */

static void drop_bounding_set(void) {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

static bool drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0}};
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return syscall(SYS_capset, &header, none) == 0;
}

bool sandbox_enter(sandbox *sandbox, char *error, size_t error_size) {
  const bool is_root = geteuid() == 0;
  const bool can_change_user = is_root && setgroups(0, NULL) == 0; /* in a container even root may be powerless */
  bool is_own_user = false;
  *sandbox = (struct sandbox){.image_path = "/proc/self/fd/4"};

  if (!set_limits()) return refuse("resource limits", error, error_size);
  sandbox->protections |= OC_PROTECTION_LIMITS;

  if (!can_change_user && enter_user_namespace()) {
    sandbox->protections |= OC_PROTECTION_USER_NAMESPACE;
    is_own_user = true;
  }
  if (change_root()) {
    sandbox->protections |= OC_PROTECTION_CHROOT;
    sandbox->image_path = "/4";
  }
  drop_bounding_set(); /* only root and the owner of a namespace can; the others have nothing to drop */
  if (can_change_user && become_unused_user(&is_own_user)) sandbox->protections |= OC_PROTECTION_UNUSED_USER;
  else if (is_root && !(sandbox->protections & OC_PROTECTION_USER_NAMESPACE))
    return refuse("giving up root for an unused user", error, error_size);
  /* Counted by user. Where the user is not our own, others are counted too, and there is room left for them: the host has
   * a higher limit than its runners, so that no skill can take all. */
  if (!limit(RLIMIT_NPROC, is_own_user ? 16 : 4096)) return refuse("limit of threads", error, error_size);
  if (!drop_capabilities()) return refuse("dropping capabilities", error, error_size);
  sandbox->protections |= OC_PROTECTION_NO_CAPABILITIES;

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refuse("no_new_privs", error, error_size);
  sandbox->protections |= OC_PROTECTION_NO_NEW_PRIVS;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refuse("not dumpable", error, error_size);
  sandbox->protections |= OC_PROTECTION_NOT_DUMPABLE;
  /* A change of user has reset it. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return refuse("death with the host", error, error_size);

  if (landlock_enter(&sandbox->landlock_abi, error, error_size)) sandbox->protections |= OC_PROTECTION_LANDLOCK;
  else if (!(sandbox->protections & OC_PROTECTION_CHROOT)) return false;
  if (!syscall_filter_enter(error, error_size)) return false;
  sandbox->protections |= OC_PROTECTION_SECCOMP;
  return true;
}
