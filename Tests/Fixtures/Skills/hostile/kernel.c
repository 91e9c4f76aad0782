// Doors into the kernel that no skill needs. Each asks for something that does no harm if it is given.
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "attempts.h"

static bool io_uring(void) {
  char parameters[120] = {0};
  return syscall(425, 1, parameters) >= 0;
}

static bool bpf(void) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}

static bool perf(void) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
  return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}

static bool handle(void) {
  struct {
    unsigned bytes;
    int type;
    char room[128];
  } name = {.bytes = 128};
  int mount;
  return syscall(SYS_name_to_handle_at, -100, "/", &name, &mount, 0) >= 0;
}

static bool move_between_pipes(void) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  struct iovec part = {(void *)"x", 1};
  bool got = syscall(SYS_vmsplice, ends[1], &part, 1, 0) == 1;
  close(ends[0]);
  close(ends[1]);
  return got;
}

static bool set_clock(void) {
  struct timespec now;
  return clock_gettime(CLOCK_REALTIME, &now) == 0 && clock_settime(CLOCK_REALTIME, &now) == 0;
}

static bool timer(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
}

static bool signal_descriptor(void) {
  unsigned long none = 0;
  return syscall(SYS_signalfd4, -1, &none, sizeof none, 0) >= 0;
}

static bool system_information(void) {
  char room[512];
  return syscall(SYS_sysinfo, room) == 0;
}

static bool kernel_name(void) {
  char room[65 * 6];
  return syscall(SYS_uname, room) == 0;
}

const attempt kernel_attempts[] = {
    CALL("memory file", SYS_memfd_create, (long)"x", 0),
    CALL("secret memory", 447, 0),
    RUN("io_uring", io_uring),
    RUN("bpf", bpf),
    RUN("performance counters", perf),
    CALL("page faults in user space", SYS_userfaultfd, 1),
    CALL("keyring", SYS_keyctl, 0, -3, 1),
    CALL("add a key", SYS_add_key, (long)"user", (long)"openclaw-test", (long)"x", 1, -1),
    CALL("watch files", SYS_inotify_init1, 0),
    CALL("watch all files", SYS_fanotify_init, 0, 0),
    RUN("file handles", handle),
    CALL("mount", SYS_mount, (long)"none", (long)"/", 0, 1 << 18 /* private */, 0),
    CALL("open a file system", 430, (long)"tmpfs", 0),
    CALL("clone a mount", 428, -100, (long)"/", 1),
    CALL("change root", SYS_chroot, (long)"/"),
    RUN("pages between pipes", move_between_pipes),
    CALL("kernel log", SYS_syslog, 10, 0, 0),
    RUN("set the clock", set_clock),
    RUN("timer with a signal", timer),
    RUN("signals as a descriptor", signal_descriptor),
    RUN("system information", system_information),
    RUN("name of the kernel", kernel_name),
    CALL("another rule set of Landlock", 444, 0, 0, 1),
    CALL("another filter of seccomp", SYS_seccomp, 2, 0, (long)&(unsigned){0x7fff0000}),
    CALL("keys of memory protection", SYS_pkey_alloc, 0, 0),
    CALL("lock all memory", SYS_mlockall, 2),
    CALL("policy of memory", SYS_set_mempolicy, 0, 0, 0),
    CALL("synchronise the disks", SYS_sync, 0),
    CALL("load a module", SYS_finit_module, -1, (long)"", 0),
    CALL("restart the machine", SYS_reboot, 0, 0, 0),
    CALL("swap", SYS_swapoff, (long)"/nonexistent"),
    CALL("quota", SYS_quotactl, 0x800001, 0, 0, 0),
#if defined(__x86_64__)
    CALL("ports", SYS_ioperm, 0x80, 1, 1),
    CALL("segments", SYS_modify_ldt, 0, (long)(char[16]){0}, 16),
#endif
    CALL("a number that no kernel knows", 4000, 0),
    END,
};
