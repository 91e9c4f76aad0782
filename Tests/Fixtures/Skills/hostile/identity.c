// What the process is, and what keeps it what it is.
#define _GNU_SOURCE
#include <linux/capability.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempts.h"

static bool is_root(void) { return geteuid() == 0 || getuid() == 0 || getegid() == 0; }

static bool capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct mine[2] = {{0}};
  return syscall(SYS_capget, &header, mine) == 0 && (mine[0].effective | mine[0].permitted) != 0;
}

static bool set_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct mine[2] = {{0}};
  return syscall(SYS_capset, &header, mine) == 0;
}

const attempt identity_attempts[] = {
    RUN("be root", is_root),
    CALL("become root", SYS_setresuid, 0, 0, 0),
    CALL("become another user", SYS_setresuid, 1, 1, 1),
    CALL("become another group", SYS_setresgid, 0, 0, 0),
    CALL("groups", SYS_setgroups, 0, 0),
    CALL("another user for files", SYS_setfsuid, 0),
    RUN("see capabilities", capabilities),
    RUN("set capabilities", set_capabilities),
    CALL("new session", SYS_setpgid, 0, 0),
    CALL("be dumpable", SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
    CALL("outlive the host", SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0),
    CALL("let others trace", SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0),
    CALL("adopt orphans", SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0),
    CALL("keep capabilities", SYS_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0),
    CALL("secure bits", SYS_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0),
    CALL("another personality", SYS_personality, 0xffffffff),
    CALL("mask of new files", SYS_umask, 022),
    END,
};
