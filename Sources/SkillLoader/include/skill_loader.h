/* skill_loader.h: opens a skill's library and calls its tools. Used by the runner and, for trusted skills, by the host.
 *
 * Threads: an image and everything bound in it may be used by one thread at a time; the embedder sees to that.
 * Different images are independent. Libraries are never unmapped.
 *
 * Errors: functions that take `error` write a NUL-terminated reason there when they return null or a code other
 * than OC_OK; OC_ERROR_SIZE bytes hold any reason.
 */
#ifndef OPENCLAW_SKILL_LOADER_H
#define OPENCLAW_SKILL_LOADER_H

#include "openclaw_skill.h"
#include "skill_frames.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OC_ERROR_SIZE 512

/* A library that has been opened, with the tools bound in it so far. */
typedef struct oc_image oc_image;

/* One exported function, ready to be called. Owned by its image. */
typedef struct oc_binding oc_binding;

/* How requests of a skill reach the embedder. The callbacks run inside oc_binding_call (log also inside oc_image_start),
 * on its thread; `cancelled` on any thread. `context` is the table's, `call` is the one of oc_invocation. None may be null. */
typedef struct oc_door {
  void *context;
  /* A piece of a JSON reply, borrowed. The code is handed to the skill: OC_OK or OC_TOO_LARGE. */
  oc_status (*reply)(void *context, void *call, oc_slice piece);
  /* A capability request. `*answer` must stay valid until the next request or the end of the call. */
  oc_status (*request)(void *context, void *call, oc_slice name, oc_slice json, oc_slice *answer);
  /* Whether the call was cancelled; the deadline is checked by the loader. */
  bool (*cancelled)(void *context, void *call);
  /* One line, already cut to OC_MESSAGE_MAX. */
  void (*log)(void *context, oc_level level, oc_slice line);
} oc_door;

/* What belongs to one call besides its arguments. */
typedef struct oc_invocation {
  void *call;               /* handed to the door's callbacks */
  int64_t deadline_unix_ms; /* 0: none */
  oc_slice id;              /* the idempotency key */
} oc_invocation;

/* The outcome of one call. */
typedef struct oc_result {
  oc_status status;
  uint32_t type; /* OC_TYPE_*: OC_TYPE_NONE after a JSON tool or a failure */
  uint64_t bits; /* integers sign- or zero-extended to 64 bits, f32 in the low 32, bool 0 or 1 */
  oc_slice text; /* the str result, or the reason of a failure; lives until the next call of the image, copy it at once.
                    Not checked to be UTF-8. */
} oc_result;

/* Opens a library by descriptor (dlopen of /proc/self/fd/N) or by path, with NOW, LOCAL and NODELETE. Runs its
 * constructors. The C library compares names and inodes: the same path, or the same descriptor number, gives the old image
 * again. Returns null on failure. */
oc_image *oc_image_open_fd(int fd, char *error, size_t error_size);
oc_image *oc_image_open_path(const char *path, char *error, size_t error_size);

/* Connects the image to its embedder and calls oc_open_v1 if there is one. To be called once, before any call; the door is
 * copied. Returns the skill's code when that refuses. */
oc_status oc_image_start(oc_image *image, const oc_door *door, char *error, size_t error_size);

/* Calls oc_close_v1 if the image was started, and frees what the loader allocated. The library stays mapped. */
void oc_image_close(oc_image *image);

/* Finds an exported function and prepares calling it; the same pair again gives the same binding. An empty
 * signature is a JSON tool. Signatures are written without spaces, `f64(x:f64,unit:str,n:i32)`, with at most
 * OC_PARAMETERS_MAX parameters of different names. Returns null on failure. */
#define OC_PARAMETERS_MAX 16
oc_binding *oc_image_bind(oc_image *image, oc_slice symbol, oc_slice signature, char *error, size_t error_size);

/* The number of parameters of a typed tool; 0 for a JSON tool. */
uint32_t oc_binding_parameter_count(const oc_binding *binding);

/* Checks a signature without an image: OC_OK or OC_BAD_ARGUMENT. */
oc_status oc_signature_check(oc_slice signature, char *error, size_t error_size);

/* Calls the function. `args` is JSON for a JSON tool; for a typed one the packed form of skill_frames.h, aligned to 8
 * bytes. Packed arguments that do not fit the signature give OC_BAD_ARGUMENT and the function is not called. */
void oc_binding_call(oc_binding *binding, oc_slice args, const oc_invocation *invocation, oc_result *result);

#ifdef __cplusplus
}
#endif

#endif
