/* The list of system calls a skill may make, as a BPF program. What is not listed is refused with EPERM, or with ENOSYS
 * where a C library then falls back to an older call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no system call table for this architecture"
#endif

/* The most frequent first. */
static const int allowed[] = {
    SYS_recvmsg, SYS_sendmsg, SYS_futex, SYS_read, SYS_write, SYS_close, SYS_lseek,
    /* memory, next to the checked calls below */
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise,
    /* open descriptors */
    SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_fstat, SYS_dup, SYS_dup3, SYS_pipe2, SYS_sendto, SYS_recvfrom,
    /* names: Landlock and the root decide */
    SYS_openat, SYS_newfstatat, SYS_getdents64, SYS_faccessat, SYS_getcwd,
    /* time and waiting */
    SYS_gettimeofday, SYS_nanosleep, SYS_ppoll, SYS_pselect6,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime,
    SYS_timerfd_gettime, SYS_restart_syscall,
    /* signals, next to the checked calls below */
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    /* threads and this process */
    SYS_set_robust_list, SYS_rseq, SYS_membarrier, SYS_sched_yield, SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getcpu, SYS_getrusage, SYS_times,
    SYS_gettid, SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getrandom, SYS_exit,
    SYS_exit_group,
#if defined(__x86_64__)
    /* what x86-64 alone still has */
    SYS_access, SYS_time, SYS_poll, SYS_select, SYS_epoll_wait, SYS_pause, SYS_getrlimit,
#endif
};

/* Newer variants: the C library falls back to calls that can be checked. */
static const int unknown[] = {
    SYS_clone3, SYS_statx, 437 /* openat2 */, 439 /* faccessat2 */, 441 /* epoll_pwait2 */, 452 /* fchmodat2 */,
};

/* Numbers above are younger than this list. */
enum { newest_known = 462 };

/* ---- The program ---- */

enum { most_instructions = 512 };

typedef struct program {
  struct sock_filter code[most_instructions];
  unsigned short length;
} program;

static void emit(program *p, struct sock_filter instruction) {
  if (p->length < most_instructions) p->code[p->length++] = instruction;
}

static void load(program *p, size_t offset) { emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset)); }

static void answer(program *p, uint32_t action) { emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)); }

static void refuse(program *p, int error) { answer(p, SECCOMP_RET_ERRNO | (uint32_t)error); }

/* Compares what was loaded and skips over `then` or `otherwise` instructions. */
static void jump(program *p, unsigned test, uint32_t value, uint8_t then, uint8_t otherwise) {
  emit(p, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test), value, then, otherwise));
}

/* Arguments are 64 bits wide; both machines are little-endian, so the low word comes first. */
static size_t low(int index) { return offsetof(struct seccomp_data, args) + (size_t)index * 8; }
static size_t high(int index) { return low(index) + 4; }

/* `body` is entered when the call is `number` and must end in an answer. Its length is not known before it is emitted. */
static unsigned short begin(program *p, int number) {
  load(p, offsetof(struct seccomp_data, nr));
  jump(p, BPF_JEQ, (uint32_t)number, 0, 0);
  return p->length;
}

static void end(program *p, unsigned short start) { p->code[start - 1].jf = (uint8_t)(p->length - start); }

/* Allows the call when its argument is one of the values. */
static void allow_values(program *p, int number, int index, const uint32_t *values, int count, int error) {
  unsigned short start = begin(p, number);
  load(p, low(index));
  for (int i = 0; i < count; i++) {
    jump(p, BPF_JEQ, values[i], 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
  }
  refuse(p, error);
  end(p, start);
}

/* Threads yes, processes and namespaces no. */
static void allow_clone(program *p) {
  const uint32_t needed = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
  const uint32_t forbidden = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                             CLONE_NEWNET | CLONE_PTRACE | CLONE_PARENT | CLONE_VFORK;
  unsigned short start = begin(p, SYS_clone);
  load(p, low(0));
  emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, needed | forbidden));
  jump(p, BPF_JEQ, needed, 0, 1);
  answer(p, SECCOMP_RET_ALLOW);
  refuse(p, EPERM);
  end(p, start);
}

/* Code comes from files, is never writable, and nothing is shared or grows like a stack: both would escape RLIMIT_DATA. */
static void allow_mmap(program *p) {
  unsigned short start = begin(p, SYS_mmap);
  load(p, low(3));
  jump(p, BPF_JSET, MAP_SHARED | MAP_GROWSDOWN, 0, 1);
  refuse(p, EPERM);
  load(p, low(2));
  jump(p, BPF_JSET, PROT_EXEC, 1, 0);
  answer(p, SECCOMP_RET_ALLOW);
  jump(p, BPF_JSET, PROT_WRITE, 0, 1);
  refuse(p, EPERM);
  load(p, low(3));
  jump(p, BPF_JSET, MAP_ANONYMOUS, 0, 1);
  refuse(p, EPERM);
  answer(p, SECCOMP_RET_ALLOW);
  end(p, start);
}

static void allow_mprotect(program *p) {
  unsigned short start = begin(p, SYS_mprotect);
  load(p, low(2));
  jump(p, BPF_JSET, PROT_EXEC, 0, 1);
  refuse(p, EPERM);
  answer(p, SECCOMP_RET_ALLOW);
  end(p, start);
}

/* The clocks of time, and those of the threads of this process; not the processor time of other processes, whose numbers are
 * made of their process ids. */
static void allow_clock(program *p, int number) {
  const uint32_t first_made = 16, of_thread = 4;
  unsigned short start = begin(p, number);
  load(p, low(0));
  jump(p, BPF_JGE, first_made, 1, 0);
  answer(p, SECCOMP_RET_ALLOW);
  jump(p, BPF_JSET, of_thread, 0, 1);
  answer(p, SECCOMP_RET_ALLOW);
  refuse(p, EINVAL);
  end(p, start);
}

/* Reading one's own limits, not setting them, not those of others. */
static void allow_prlimit(program *p, uint32_t pid) {
  unsigned short start = begin(p, SYS_prlimit64);
  load(p, low(0));
  jump(p, BPF_JEQ, 0, 2, 0);
  jump(p, BPF_JEQ, pid, 1, 0);
  refuse(p, EPERM);
  load(p, low(2));
  jump(p, BPF_JEQ, 0, 1, 0);
  refuse(p, EPERM);
  load(p, high(2));
  jump(p, BPF_JEQ, 0, 1, 0);
  refuse(p, EPERM);
  answer(p, SECCOMP_RET_ALLOW);
  end(p, start);
}

static void write_program(program *p, uint32_t pid) {
  const uint32_t own[] = {0, pid};
  static const uint32_t prctl_names[] = {PR_SET_NAME, PR_GET_NAME};
  static const uint32_t fcntl_commands[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};

  load(p, offsetof(struct seccomp_data, arch));
  jump(p, BPF_JEQ, ARCHITECTURE, 1, 0);
  answer(p, SECCOMP_RET_KILL_PROCESS);
  load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
  jump(p, BPF_JGE, 0x40000000, 0, 1); /* the x32 table */
  answer(p, SECCOMP_RET_KILL_PROCESS);
#endif
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
    jump(p, BPF_JEQ, (uint32_t)allowed[i], 0, 1);
    answer(p, SECCOMP_RET_ALLOW);
  }
  allow_mmap(p);
  allow_mprotect(p);
  allow_clone(p);
  allow_prlimit(p, pid);
  allow_clock(p, SYS_clock_gettime);
  allow_clock(p, SYS_clock_getres);
  allow_clock(p, SYS_clock_nanosleep);
  /* Without the answer for another thread of its own the C library does very well; for other processes there is none. */
  allow_values(p, SYS_sched_getaffinity, 0, own, 2, ENOSYS);
  allow_values(p, SYS_sched_getparam, 0, own, 2, ENOSYS);
  allow_values(p, SYS_sched_getscheduler, 0, own, 2, ENOSYS);
  allow_values(p, SYS_tgkill, 0, &pid, 1, EPERM);
  allow_values(p, SYS_kill, 0, &pid, 1, EPERM);
  allow_values(p, SYS_prctl, 0, prctl_names, 2, EPERM);
  allow_values(p, SYS_fcntl, 1, fcntl_commands, 6, EPERM);
  allow_values(p, SYS_ioctl, 1, NULL, 0, ENOTTY);
  /* A link is data, and Landlock does not hide it: there are no links. */
  allow_values(p, SYS_readlinkat, 0, NULL, 0, EINVAL);
#if defined(__x86_64__)
  allow_values(p, SYS_readlink, 0, NULL, 0, EINVAL);
#endif

  load(p, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    jump(p, BPF_JEQ, (uint32_t)unknown[i], 0, 1);
    refuse(p, ENOSYS);
  }
  jump(p, BPF_JGT, newest_known, 0, 1);
  refuse(p, ENOSYS);
  refuse(p, EPERM);
}

bool syscall_filter_enter(char *error, size_t error_size) {
  program program = {.length = 0};
  write_program(&program, (uint32_t)getpid());
  if (program.length == most_instructions) {
    snprintf(error, error_size, "seccomp: the filter does not fit");
    return false;
  }
  struct sock_fprog filter = {program.length, program.code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
    snprintf(error, error_size, "seccomp: %s", strerror(errno));
    return false;
  }
  return true;
}
