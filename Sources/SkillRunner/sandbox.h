/* The protections that are put on before any code of the skill runs. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sandbox {
  uint32_t protections;   /* OC_PROTECTION_* */
  uint32_t landlock_abi;  /* 0: the kernel has none */
  const char *image_path; /* where the image descriptor is found from now on */
} sandbox;

/* Puts the process into the sandbox for good. To be called once, with one thread, after all libraries that skills may use are
 * loaded. False, with the missing item in `error`, when a required protection cannot be had; nothing must run then. */
bool sandbox_enter(sandbox *sandbox, char *error, size_t error_size);

/* The parts, in the order of use. */
bool landlock_enter(uint32_t *abi, char *error, size_t error_size);
bool syscall_filter_enter(char *error, size_t error_size);

#endif
