// Memory that is shared, or code that is written, and more of everything than a skill may have.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempts.h"

enum { page = 4096 };

static bool can_map(int protection, int flags, int fd) {
  void *at = mmap(NULL, page, protection, flags, fd, 0);
  if (at == MAP_FAILED) return false;
  munmap(at, page);
  return true;
}

static bool writable_code(void) {
  return can_map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}
static bool anonymous_code(void) { return can_map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1); }
static bool shared(void) { return can_map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1); }
static bool shared_validated(void) { return can_map(PROT_READ | PROT_WRITE, 3 | MAP_ANONYMOUS, -1) || can_map(PROT_READ, 3, 4); }
static bool shared_image(void) { return can_map(PROT_READ, MAP_SHARED, 4); }
static bool growing(void) { return can_map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1); }
static bool locked(void) {
  char *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && mlock(at, page) == 0;
}

static bool code_from_data(void) {
  void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && mprotect(at, page, PROT_READ | PROT_EXEC) == 0;
}

static bool code_from_data_with_key(void) {
  void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && syscall(SYS_pkey_mprotect, at, page, PROT_READ | PROT_EXEC, -1) == 0;
}

// Its own code, made writable.
static bool data_from_code(void) {
  uintptr_t here = (uintptr_t)&data_from_code & ~(uintptr_t)(page - 1);
  return mprotect((void *)here, page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

static bool system_v(void) {
  int id = shmget(IPC_PRIVATE, page, IPC_CREAT | 0600);
  if (id >= 0) shmctl(id, IPC_RMID, NULL);
  return id >= 0;
}

static bool semaphores(void) {
  int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  if (id >= 0) semctl(id, 0, IPC_RMID);
  return id >= 0;
}

static bool queue(void) {
  int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (id >= 0) msgctl(id, IPC_RMID, NULL);
  return id >= 0;
}

static bool posix_queue(void) {
  long fd = syscall(SYS_mq_open, "openclaw-test", 0x42 /* O_CREAT | O_RDWR */, 0600, NULL);
  if (fd >= 0) syscall(SYS_mq_unlink, "openclaw-test");
  return fd >= 0;
}

static bool posix_shared(void) {
  int fd = shm_open("/openclaw-test", 0x42, 0600);
  if (fd >= 0) shm_unlink("/openclaw-test");
  return fd >= 0;
}

static bool raise_limit(int resource) {
  struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit((__rlimit_resource_t)resource, &more) == 0;
}

static bool raise_data(void) { return raise_limit(RLIMIT_DATA); }
static bool raise_processes(void) { return raise_limit(RLIMIT_NPROC); }
static bool raise_files(void) { return raise_limit(RLIMIT_FSIZE); }

// 300 MiB, touched.
static bool much_memory(void) {
  static void *blocks[300];
  size_t count = 0;
  while (count < 300 && (blocks[count] = malloc(1 << 20)) != NULL) memset(blocks[count++], 1, 1 << 20);
  for (size_t i = 0; i < count; i++) free(blocks[i]);
  errno = count < 300 ? ENOMEM : 0;
  return count == 300;
}

static bool much_address_space(void) {
  void *at = mmap(NULL, (size_t)4 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at != MAP_FAILED) munmap(at, (size_t)4 << 30);
  return at != MAP_FAILED;
}

static atomic_bool may_end;

static void *wait_for_end(void *nothing) {
  while (!atomic_load(&may_end)) usleep(1000);
  return nothing;
}

static bool many_threads(void) {
  enum { many = 64 };
  pthread_t threads[many];
  pthread_attr_t small;
  int count = 0, error = 0;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  atomic_store(&may_end, false);
  while (count < many && (error = pthread_create(&threads[count], &small, wait_for_end, NULL)) == 0) count++;
  atomic_store(&may_end, true);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  pthread_attr_destroy(&small);
  errno = error;
  return count == many;
}

static bool many_descriptors(void) {
  enum { many = 128 };
  int taken[many], count = 0;
  while (count < many && (taken[count] = dup(0)) >= 0) count++;
  int reason = errno;
  for (int i = 0; i < count; i++) close(taken[i]);
  errno = reason;
  return count == many;
}

static bool big_pipe(void) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  bool got = syscall(SYS_fcntl, ends[0], 1031 /* F_SETPIPE_SZ */, 1 << 20) >= 0;
  int reason = errno;
  close(ends[0]);
  close(ends[1]);
  errno = reason;
  return got;
}

const attempt memory_attempts[] = {
    RUN("writable code", writable_code),
    RUN("code without a file", anonymous_code),
    RUN("code from data", code_from_data),
    RUN("code from data with a key", code_from_data_with_key),
    RUN("write to own code", data_from_code),
    RUN("shared memory", shared),
    RUN("shared memory with checked flags", shared_validated),
    RUN("share the image", shared_image),
    RUN("shared memory of System V", system_v),
    RUN("shared memory of POSIX", posix_shared),
    RUN("semaphores", semaphores),
    RUN("message queue", queue),
    RUN("message queue of POSIX", posix_queue),
    RUN("memory that grows down", growing),
    RUN("locked memory", locked),
    RUN("raise the limit of data", raise_data),
    RUN("raise the limit of threads", raise_processes),
    RUN("raise the limit of files", raise_files),
    RUN("300 MiB of memory", much_memory),
    RUN("4 GiB of addresses", much_address_space),
    RUN("64 threads", many_threads),
    RUN("128 descriptors", many_descriptors),
    RUN("a big pipe", big_pipe),
    END,
};
