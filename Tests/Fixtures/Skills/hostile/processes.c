// Other processes, and processes of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attempts.h"

static bool can_fork(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return child > 0;
}

static bool clone_process(void) {
  long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child > 0;
}

// A thread's flags without CLONE_THREAD: a process that shares everything.
static bool clone_sharing(void) {
  static char stack[65536];
  long child = syscall(SYS_clone, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, stack + sizeof stack, 0, 0, 0);
  if (child == 0) _exit(0);
  return child > 0;
}

static bool clone_new_way(void) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) _exit(0);
  return child > 0;
}

static bool execute(void) {
  char *const arguments[] = {(char *)"/bin/true", NULL}, *const environment[] = {NULL};
  return execve("/bin/true", arguments, environment) == 0;
}

static bool execute_descriptor(void) {
  int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
  char *const arguments[] = {(char *)"true", NULL}, *const environment[] = {NULL};
  return syscall(SYS_execveat, fd < 0 ? 4 : fd, "", arguments, environment, AT_EMPTY_PATH) == 0;
}

static bool signal_parent(void) { return kill(getppid(), 0) == 0; }
static bool signal_first(void) { return kill(1, 0) == 0; }
static bool signal_all(void) { return kill(-1, 0) == 0; }
static bool signal_group(void) { return kill(0, 0) == 0; }
static bool signal_thread(void) { return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0; }
static bool signal_old_way(void) { return syscall(SYS_tkill, getppid(), 0) == 0; }

static bool signal_with_value(void) {
  siginfo_t info = {.si_code = SI_QUEUE};
  return syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info) == 0;
}

static bool signal_thread_with_value(void) {
  siginfo_t info = {.si_code = SI_QUEUE};
  return syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, &info) == 0;
}

static bool pidfd(void) { return syscall(434, getppid(), 0) >= 0; }

static bool pidfd_descriptor(void) {
  long fd = syscall(434, getppid(), 0);
  return syscall(438, fd, 1, 0) >= 0;
}

static bool pidfd_signal(void) {
  long fd = syscall(434, getppid(), 0);
  return syscall(424, fd, 0, NULL, 0) >= 0;
}

static bool seize(void) { return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0; }
static bool be_traced(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }

static bool attach(void) {
  if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0) return false;
  waitpid(getppid(), NULL, 0);
  ptrace(PTRACE_DETACH, getppid(), NULL, NULL);
  return true;
}

static char target[1] = {'x'};

static bool read_parent(void) {
  char byte;
  struct iovec here = {&byte, 1}, there = {target, 1};
  return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool write_parent(void) {
  char byte = 'x';
  struct iovec here = {&byte, 1}, there = {target, 1};
  return process_vm_writev(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool compare(void) { return syscall(SYS_kcmp, getpid(), getppid(), 0, 1, 1) >= 0; }

static bool robust_list(void) {
  void *head;
  size_t size;
  return syscall(SYS_get_robust_list, getppid(), &head, &size) == 0;
}

static bool limit_parent(void) {
  struct rlimit now;
  return prlimit(getppid(), RLIMIT_NOFILE, NULL, &now) == 0;
}

static bool slow_parent(void) { return setpriority(PRIO_PROCESS, (id_t)getppid(), 0) == 0; }
static bool priority_of_parent(void) {
  errno = 0;
  return getpriority(PRIO_PROCESS, (id_t)getppid()) != -1 || errno == 0;
}

static bool place_parent(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return false;
  return sched_setaffinity(getppid(), sizeof set, &set) == 0;
}

static bool processors_of_parent(void) {
  cpu_set_t set;
  return sched_getaffinity(getppid(), sizeof set, &set) == 0;
}

static bool scheduler_of_parent(void) { return sched_getscheduler(getppid()) >= 0; }

static bool clock_of_parent(void) {
  struct timespec used;
  return syscall(SYS_clock_gettime, (clockid_t)((~(unsigned)getppid() << 3) | 2), &used) == 0;
}

static bool wait_for_clock_of_parent(void) {
  struct timespec instant = {0, 1};
  return syscall(SYS_clock_nanosleep, (clockid_t)((~(unsigned)getppid() << 3) | 2), TIMER_ABSTIME, &instant, NULL) == 0;
}

static bool session_of_parent(void) { return getsid(getppid()) >= 0 || getpgid(getppid()) >= 0; }

#define UNSHARE(name, flag) CALL(name, SYS_unshare, flag)

const attempt process_attempts[] = {
    RUN("fork", can_fork),
    RUN("clone a process", clone_process),
    RUN("clone a process that shares memory", clone_sharing),
    RUN("clone3", clone_new_way),
    RUN("execute a program", execute),
    RUN("execute a descriptor", execute_descriptor),
    RUN("signal the host", signal_parent),
    RUN("signal init", signal_first),
    RUN("signal everybody", signal_all),
    RUN("signal the process group", signal_group),
    RUN("signal a thread of the host", signal_thread),
    RUN("signal the host the old way", signal_old_way),
    RUN("signal the host with a value", signal_with_value),
    RUN("signal a thread of the host with a value", signal_thread_with_value),
    RUN("a pidfd of the host", pidfd),
    RUN("a descriptor out of the host", pidfd_descriptor),
    RUN("signal through a pidfd", pidfd_signal),
    RUN("trace the host: seize", seize),
    RUN("trace the host: attach", attach),
    RUN("be traced", be_traced),
    RUN("read the host's memory", read_parent),
    RUN("write the host's memory", write_parent),
    RUN("compare with the host", compare),
    RUN("futexes of the host", robust_list),
    RUN("limits of the host", limit_parent),
    RUN("priority of the host", priority_of_parent),
    RUN("lower the host's priority", slow_parent),
    RUN("pin the host to processors", place_parent),
    RUN("processors of the host", processors_of_parent),
    RUN("scheduler of the host", scheduler_of_parent),
    RUN("processor time of the host", clock_of_parent),
    RUN("wait for processor time of the host", wait_for_clock_of_parent),
    RUN("session of the host", session_of_parent),
    UNSHARE("namespace: user", CLONE_NEWUSER),
    UNSHARE("namespace: mounts", CLONE_NEWNS),
    UNSHARE("namespace: network", CLONE_NEWNET),
    UNSHARE("namespace: processes", CLONE_NEWPID),
    UNSHARE("namespace: ipc", CLONE_NEWIPC),
    UNSHARE("namespace: names", CLONE_NEWUTS),
    UNSHARE("namespace: cgroups", CLONE_NEWCGROUP),
    UNSHARE("own descriptor table", CLONE_FILES),
    END,
};
