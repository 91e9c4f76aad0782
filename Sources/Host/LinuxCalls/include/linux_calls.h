/* linux_calls.h: the few Linux calls that Swift's C library module does not show. Thin: one system call each. */
#ifndef OPENCLAW_LINUX_CALLS_H
#define OPENCLAW_LINUX_CALLS_H

#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An anonymous file that can be sealed, close-on-exec. Returns the descriptor, or -1 with errno. */
int linux_memfd(const char *name);

/* Forbids writing, growing and shrinking for ever. Returns 0, or -1 with errno. */
int linux_seal(int fd);

/* Forbids new writable mappings and writes, growing and shrinking; mappings made before stay writable. 0, or -1. */
int linux_seal_future_writes(int fd);

/* A counter that wakes a poll, non-blocking and close-on-exec. Returns the descriptor, or -1. */
int linux_eventfd(void);

/* A pipe, both ends close-on-exec, the reading end non-blocking. Returns 0, or -1 with errno. */
int linux_pipe(int ends[2]);

/* A descriptor that becomes readable when the process ends. Returns it, or -1. */
int linux_pidfd(pid_t pid);

/* SIGKILL to the process behind a descriptor of linux_pidfd. Returns 0, or -1. */
int linux_pidfd_kill(int pidfd);

/* How a child ended. */
typedef struct linux_exit {
  int32_t signal; /* that killed it, or 0 */
  int32_t status; /* of exit, when signal is 0 */
} linux_exit;

/* Whether the child behind a pidfd is stopped, as by SIGSTOP. */
bool linux_is_stopped(int pidfd);

/* Waits for the child behind a pidfd and reaps it. Returns 0, or -1 with errno. */
int linux_reap(int pidfd, linux_exit *how);

/* Sends one packet without waiting, and a descriptor with it. Returns 0, or -1 with errno. */
int linux_send_descriptor(int socket, const void *packet, size_t size, int descriptor);

/* Processor time that all threads of a child have used, in nanoseconds, or -1 with errno. */
int64_t linux_processor_time(pid_t pid);

/* Closes every descriptor from `first` on in the child. Returns 0 or an error number. */
int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/* Stores a word that another process reads at the same time. */
void linux_store_shared(uint64_t *word, uint64_t value);

#endif
