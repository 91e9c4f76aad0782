#define _GNU_SOURCE
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { exit_end_of_socket = 0, exit_violation = 76 };

_Noreturn void frames_violation(const char *what) {
  dprintf(STDERR_FILENO, "openclaw-runner: protocol violation: %s\n", what);
  _exit(exit_violation);
}

/* ---- Sending ---- */

static void send_frame(const oc_frame_header *header, struct iovec *parts, int count) {
  parts[0] = (struct iovec){(void *)(uintptr_t)header, sizeof *header};
  struct msghdr packet = {.msg_iov = parts, .msg_iovlen = (size_t)count};
  while (sendmsg(OC_FD_RPC, &packet, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) _exit(exit_end_of_socket);
}

void frames_send(uint16_t kind, uint64_t call, const void *head, size_t head_len, oc_slice body) {
  do {
    size_t room = OC_FRAME_PAYLOAD_MAX - head_len;
    size_t taken = body.len < room ? body.len : room;
    oc_frame_header header = {
        .kind = kind,
        .flags = taken < body.len ? OC_FRAME_MORE : 0,
        .length = (uint32_t)(head_len + taken),
        .call = call,
    };
    struct iovec parts[3] = {{0}, {(void *)(uintptr_t)head, head_len}, {(void *)(uintptr_t)body.ptr, taken}};
    send_frame(&header, parts, 3);
    body.ptr += taken;
    body.len -= taken;
    head_len = 0;
  } while (body.len > 0);
}

/* ---- Receiving ---- */

static void reserve(message *into, size_t bytes) {
  if (bytes <= into->capacity) return;
  size_t capacity = into->capacity ? into->capacity : OC_FRAME_MAX + 8;
  while (capacity < bytes) capacity *= 2;
  char *grown = realloc(into->bytes, capacity);
  if (grown == NULL) frames_violation("a message for which there is no memory");
  into->bytes = grown;
  into->capacity = capacity;
}

/* Appends one frame to the message. */
static oc_frame_header receive_frame(message *into) {
  oc_frame_header header;
  ssize_t received;

  reserve(into, into->length + OC_FRAME_PAYLOAD_MAX + 8);
  struct iovec parts[2] = {{&header, sizeof header}, {into->bytes + into->length, OC_FRAME_PAYLOAD_MAX}};
  struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
  do received = recvmsg(OC_FD_RPC, &packet, 0);
  while (received < 0 && errno == EINTR);

  if (received <= 0) _exit(exit_end_of_socket);
  if (packet.msg_flags & MSG_TRUNC) frames_violation("a frame over 64 KiB");
  if ((size_t)received < sizeof header) frames_violation("a frame without header");
  if ((size_t)received - sizeof header != header.length) frames_violation("a frame of another length than it says");
  if (header.flags & ~OC_FRAME_MORE) frames_violation("an unknown flag");
  into->length += header.length;
  return header;
}

void frames_receive(uint16_t kind, size_t limit, message *into) {
  into->length = 0;
  into->kind = kind;
  oc_frame_header header = receive_frame(into);
  into->call = header.call;
  for (;;) {
    if (header.kind != kind || header.call == 0 || header.call != into->call) frames_violation("an unexpected frame");
    if (into->length > limit) frames_violation("a message over its limit");
    if (!(header.flags & OC_FRAME_MORE)) return;
    if (header.length == 0) frames_violation("an empty frame that is not the last");
    header = receive_frame(into);
  }
}

void frames_receive_image(void) {
  oc_frame_header header;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } attachment;
  ssize_t received;
  int image;

  struct iovec part = {&header, sizeof header};
  struct msghdr packet = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = attachment.bytes, .msg_controllen = sizeof attachment.bytes};
  do received = recvmsg(OC_FD_RPC, &packet, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);

  if (received <= 0) _exit(exit_end_of_socket);
  if (received != (ssize_t)sizeof header || packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) frames_violation("no image frame");
  if (header.kind != OC_FRAME_IMAGE || header.flags || header.length || header.call) frames_violation("no image frame");
  const struct cmsghdr *control = CMSG_FIRSTHDR(&packet);
  if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
      control->cmsg_len != CMSG_LEN(sizeof image))
    frames_violation("an image frame without image");
  memcpy(&image, CMSG_DATA(control), sizeof image);
  if (dup3(image, OC_FD_IMAGE, O_CLOEXEC) < 0) frames_violation("an image that cannot be put in its place");
  close(image);
}
