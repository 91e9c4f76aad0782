#define _GNU_SOURCE
#include "attempts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const category categories[] = {
    {"files", file_attempts},   {"sockets", socket_attempts}, {"processes", process_attempts},
    {"memory", memory_attempts}, {"kernel", kernel_attempts},  {"identity", identity_attempts},
};

bool try_one(const attempt *attempt) {
  signal(SIGXFSZ, SIG_IGN);  // writing past a limit is to fail, not to kill
  errno = 0;
  if (attempt->run != NULL) return attempt->run();
  const long *a = attempt->arguments;
  return syscall(attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0;
}

void try_everything(char report[report_size]) {
  size_t used = 0;
  for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
    for (const attempt *attempt = categories[i].attempts; attempt->name != NULL; attempt++) {
      bool got = try_one(attempt);
      int written = got ? snprintf(report + used, report_size - used, "%s: %s: got\n", categories[i].name, attempt->name)
                        : snprintf(report + used, report_size - used, "%s: %s: refused (%s)\n", categories[i].name,
                                   attempt->name, strerror(errno));
      used += (size_t)written;
      if (used >= report_size) return;
    }
}
