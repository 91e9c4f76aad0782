/* Sending and receiving messages on the RPC socket. The host's end is trusted to be alive, not to be right:
 * any violation, and the end of the socket, ends the process. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>

#include "skill_loader.h"

/* One received message, all its frames put together. `bytes` has 8 spare bytes behind `length`. */
typedef struct message {
  uint16_t kind;
  uint64_t call;
  char *bytes;
  size_t length;
  size_t capacity;
} message;

/* Sends head and body as one message of as many frames as it takes. */
void frames_send(uint16_t kind, uint64_t call, const void *head, size_t head_len, oc_slice body);

/* Waits for the next message of this kind, of at most `limit` bytes. Reuses the memory of `into`. */
void frames_receive(uint16_t kind, size_t limit, message *into);

/* Waits for the image and puts it at OC_FD_IMAGE. */
void frames_receive_image(void);

/* Ends the process because the host broke the protocol. */
_Noreturn void frames_violation(const char *what);

#endif
