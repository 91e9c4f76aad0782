// What a hostile skill tries: a table, shared by its constructor, its tool, and a program that runs it without a sandbox.
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct attempt {
  const char *name;
  // Whether it succeeded; false leaves the reason in errno.
  bool (*run)(void);
  // Without `run`: a system call, which succeeds when its result is not negative.
  long number;
  long arguments[6];
} attempt;

#define RUN(n, function) {.name = n, .run = function}
#define CALL(n, system_call, ...) {.name = n, .number = system_call, .arguments = {__VA_ARGS__}}
#define END {.name = NULL}

typedef struct category {
  const char *name;
  const attempt *attempts;  // up to one without a name
} category;

extern const attempt file_attempts[], process_attempts[], socket_attempts[], memory_attempts[], kernel_attempts[],
    identity_attempts[];

enum { report_size = 32768 };

// One line for each: "CATEGORY: NAME: got" or "CATEGORY: NAME: refused (reason)".
void try_everything(char report[report_size]);

// Runs one; errno tells why it failed.
bool try_one(const attempt *attempt);

#endif
