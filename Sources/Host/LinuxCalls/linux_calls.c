#define _GNU_SOURCE
#include "linux_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

int linux_memfd(const char *name) {
  /* Newer kernels want to be told that the file may be mapped executable; older ones refuse the flag. */
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd;
}

int linux_seal(int fd) { return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE); }

int linux_seal_future_writes(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
}

int linux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int linux_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  return fcntl(ends[0], F_SETFL, O_RDONLY | O_NONBLOCK) < 0 ? -1 : 0;
}

int linux_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int linux_pidfd_kill(int pidfd) { return (int)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0); }

bool linux_is_stopped(int pidfd) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  return waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

int linux_reap(int pidfd, linux_exit *how) {
  siginfo_t info;
  int result;
  memset(&info, 0, sizeof info);
  do {
    result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return -1;
  how->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  how->status = info.si_code == CLD_EXITED ? info.si_status : 0;
  return 0;
}

int linux_send_descriptor(int socket, const void *packet, size_t size, int descriptor) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } attachment;
  memset(&attachment, 0, sizeof attachment);
  attachment.header.cmsg_level = SOL_SOCKET;
  attachment.header.cmsg_type = SCM_RIGHTS;
  attachment.header.cmsg_len = CMSG_LEN(sizeof descriptor);
  memcpy(CMSG_DATA(&attachment.header), &descriptor, sizeof descriptor);

  struct iovec part = {(void *)(uintptr_t)packet, size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = attachment.bytes, .msg_controllen = sizeof attachment.bytes};
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -1 : 0;
}

int64_t linux_processor_time(pid_t pid) {
  clockid_t clock;
  struct timespec used;
  int error = clock_getcpuclockid(pid, &clock);
  if (error != 0) {
    errno = error;
    return -1;
  }
  if (clock_gettime(clock, &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

void linux_store_shared(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
