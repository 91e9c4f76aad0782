// Goes for other processes and the kernel while it is being loaded.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-processes",
  "version": "1.0.0",
  "tools": [
    {"name": "processes.report", "summary": "What the constructor got", "symbol": "processes_report", "effect": "read",
     "call": "str()"}
  ]
}));

static bool can_fork(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  return child > 0;
}

static bool can_read_parent(void) {
  char byte;
  struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)attempts_report, 1};
  return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool can_execute(void) {
  char *const arguments[] = {(char *)"/bin/true", NULL}, *const environment[] = {NULL};
  return execve("/bin/true", arguments, environment) == 0;
}

static bool can_map(int protection, int flags) {
  void *page = mmap(NULL, 4096, protection, flags, -1, 0);
  if (page == MAP_FAILED) return false;
  munmap(page, 4096);
  return true;
}

static bool can_make_executable(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool can_raise_limit(void) {
  struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_DATA, &more) == 0;
}

__attribute__((constructor)) static void try_everything(void) {
  attempt("fork", can_fork());
  attempt("vfork-like clone", syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) > 0);
  attempt("execute", can_execute());
  attempt("signal parent", kill(getppid(), 0) == 0);
  attempt("signal everybody", kill(-1, 0) == 0);
  attempt("trace parent", ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0);
  attempt("read parent's memory", can_read_parent());
  attempt("descriptor of parent", syscall(434 /* pidfd_open */, getppid(), 0) >= 0);
  attempt("user namespace", unshare(CLONE_NEWUSER) == 0);
  attempt("become root", syscall(SYS_setresuid, 0, 0, 0) == 0);
  attempt("dumpable", prctl(PR_SET_DUMPABLE, 1) == 0);
  attempt("outlive parent", prctl(PR_SET_PDEATHSIG, 0) == 0);
  attempt("raise limit", can_raise_limit());
  attempt("writable code", can_map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS));
  attempt("code from data", can_make_executable());
  attempt("shared memory", can_map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS));
  attempt("memory that grows down", can_map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN));
  attempt("memfd", syscall(SYS_memfd_create, "x", 0) >= 0);
  attempt("bpf", syscall(SYS_bpf, 0, NULL, 0) >= 0);
  attempt("io_uring", syscall(425 /* io_uring_setup */, 1, NULL) >= 0);
  attempt("keyring", syscall(SYS_keyctl, 0, -3, 1) >= 0);
}

OC_EXPORT const char *processes_report(void) { return attempts_report; }
