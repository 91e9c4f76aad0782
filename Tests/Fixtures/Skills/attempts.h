// A record of what a hostile constructor tried: one line for each attempt, "refused NAME (errno)" or "got NAME".
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <errno.h>
#include <stdio.h>

#include "openclaw_skill.h"

static char attempts_report[4096];

static inline void attempt(const char *name, bool succeeded) {
  size_t used = strlen(attempts_report);
  size_t room = sizeof attempts_report - used;
  if (succeeded) snprintf(attempts_report + used, room, "got %s\n", name);
  else snprintf(attempts_report + used, room, "refused %s (%s)\n", name, strerror(errno));
}

#endif
