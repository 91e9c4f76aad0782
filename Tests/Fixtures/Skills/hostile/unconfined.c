// Tries everything without a sandbox, each in a process of its own: what succeeds here shows that the attempt is a real one.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"

static void run(const char *category, const attempt *attempts) {
  for (const attempt *attempt = attempts; attempt->name != NULL; attempt++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(try_one(attempt) ? 0 : errno ? errno : 255);
    int status = 0;
    waitpid(child, &status, 0);
    int reason = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    if (reason == 0) printf("%s: %s: got\n", category, attempt->name);
    else printf("%s: %s: refused (%s)\n", category, attempt->name, strerror(reason));
  }
}

int main(void) {
  run("files", file_attempts);
  run("sockets", socket_attempts);
  run("processes", process_attempts);
  run("memory", memory_attempts);
  run("kernel", kernel_attempts);
  run("identity", identity_attempts);
}
