/* What an image and its bindings are made of. */
#ifndef IMAGE_H
#define IMAGE_H

#include <ffi.h>
#include <pthread.h>

#include "signature.h"

struct oc_binding {
  oc_binding *next;
  oc_image *image;
  void *function;
  char *symbol;
  char *signature_text; /* "" for a JSON tool */
  signature signature;
  ffi_cif cif;
  ffi_type *types[OC_PARAMETERS_MAX];
};

/* `host` comes first: the host pointer that a skill holds is the image. The call lives here rather than on a stack,
 * so that a skill's thread that asks `cancelled` too late still reads valid memory. */
struct oc_image {
  oc_host host;
  oc_call call;
  oc_door door;
  void *library;
  void *state;
  oc_binding *bindings;
  oc_invocation invocation;
  pthread_t caller;
  bool is_started;
  bool is_calling; /* between entering and leaving a function of the skill, on `caller` */
  size_t message_len;
  char message[OC_MESSAGE_MAX];
};

#endif
