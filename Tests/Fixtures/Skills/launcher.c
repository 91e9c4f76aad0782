// Stands in for the runner: changes what the machine offers, then becomes the real runner. VARIANT chooses what is missing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { as_user, without_root, without_landlock, without_both, without_filter, without_privileges, without_limits, powerless_root };

// Answers EPERM to up to four calls. A second filter, which the runner installs, can only refuse more.
static void take_away(const int *numbers, int count) {
  struct sock_filter code[16] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  unsigned short length = 1;
  for (int i = 0; i < count; i++) {
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, code};
  if (geteuid() != 0) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(99);
}

// As in a container: the user is root and may do nothing.
static void take_power(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0}};
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (syscall(SYS_capset, &header, none) != 0) _exit(96);
}

int main(int count, char **arguments) {
  (void)count;
  char *const environment[] = {NULL};
  // Opened while root may still open it, wherever it lies.
  int runner = open(RUNNER, O_RDONLY | O_CLOEXEC);
  const int change_root[] = {SYS_chroot, SYS_unshare}, landlock[] = {444}, filter[] = {SYS_seccomp};
  const int both[] = {SYS_chroot, SYS_unshare, 444}, privileges[] = {SYS_prctl}, limits[] = {SYS_prlimit64, SYS_setrlimit};

  if (VARIANT == as_user || VARIANT == without_root)
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(12345) != 0 || setuid(12345) != 0)) return 98;
  if (VARIANT == without_root) take_away(change_root, 2);
  if (VARIANT == without_landlock) take_away(landlock, 1);
  if (VARIANT == without_both) take_away(both, 3);
  if (VARIANT == without_filter) take_away(filter, 1);
  if (VARIANT == without_privileges) take_away(privileges, 1);
  if (VARIANT == without_limits) take_away(limits, 2);
  if (VARIANT == powerless_root) take_power();
  syscall(SYS_execveat, runner, "", arguments, environment, AT_EMPTY_PATH);
  return 97;
}
