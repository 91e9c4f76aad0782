/* openclaw-runner: the child in which one skill runs. It gives up everything, then waits for a library, loads it and serves
 * one call at a time until its socket ends. A crash of the skill is a crash of this process and nothing else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frames.h"
#include "open_shim.h"
#include "sandbox.h"

enum { exit_usage = 64, exit_refused = 78 };

extern char **environ;

/* The loader puts the image's path first, which says nothing to anybody. */
static const char *without_path(const char *why, const char *path) {
  size_t length = strlen(path);
  return strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0 ? why + length + 2 : why;
}

static _Noreturn void load_failed(const char *why) {
  frames_send(OC_FRAME_LOAD_FAILED, 0, NULL, 0, oc_text(why));
  _exit(exit_refused);
}

/* ---- Before the sandbox ---- */

static bool is_message_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

static void close_everything_else(void) {
  const unsigned first = OC_FD_CANCEL + 1;
  if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0) return;
  long count = sysconf(_SC_OPEN_MAX);
  for (int fd = (int)first; fd < count; fd++) close(fd);
}

/* Empty but never null: the Swift runtime reads it. What was there is also wiped from the stack. */
static void empty_environment(void) {
  static char *nothing[] = {NULL};
  for (char **variable = environ; variable && *variable; variable++) memset(*variable, 0, strlen(*variable));
  environ = nothing;
}

static void reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
}

/* Later there is no way to read them. One that is not installed is missed only by the skill that needs it. */
static void preload_libraries(void) {
  static const char *const names[] = {"libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
}

static const oc_cancel_page *map_cancel_page(void) {
  struct stat file;
  if (fstat(OC_FD_CANCEL, &file) != 0 || file.st_size < (off_t)sizeof(oc_cancel_page)) load_failed("no cancel page");
  void *page = mmap(NULL, sizeof(oc_cancel_page), PROT_READ, MAP_SHARED, OC_FD_CANCEL, 0);
  if (page == MAP_FAILED) load_failed("the cancel page cannot be mapped");
  close(OC_FD_CANCEL);
  return page;
}

/* ---- The door: what a skill asks for becomes frames ---- */

typedef struct session {
  uint64_t call; /* in flight; 0: none */
  const oc_cancel_page *cancel_page;
  bool is_too_large; /* the reply went over OC_REPLY_MAX; nothing more is taken */
  size_t replied;    /* bytes of the reply so far */
  size_t held;       /* of those, bytes not sent yet */
  char piece[OC_FRAME_PAYLOAD_MAX];
  message request; /* the call */
  message answer;  /* to the last capability request */
} session;

static void flush_reply(session *session) {
  if (session->held > 0)
    frames_send(OC_FRAME_PIECE, session->call, NULL, 0, oc_bytes(session->piece, session->held));
  session->held = 0;
}

static oc_status door_reply(void *context, void *call, oc_slice piece) {
  session *session = context;
  (void)call;
  if (piece.len > OC_REPLY_MAX - session->replied) session->is_too_large = true;
  if (session->is_too_large) return OC_TOO_LARGE;
  session->replied += piece.len;
  while (piece.len > 0) {
    size_t room = sizeof session->piece - session->held;
    size_t taken = piece.len < room ? piece.len : room;
    memcpy(session->piece + session->held, piece.ptr, taken);
    session->held += taken;
    piece.ptr += taken;
    piece.len -= taken;
    if (session->held == sizeof session->piece) flush_reply(session);
  }
  return OC_OK;
}

static oc_status door_request(void *context, void *call, oc_slice name, oc_slice json, oc_slice *answer) {
  session *session = context;
  (void)call;
  char head[sizeof(oc_frame_request) + OC_REQUEST_NAME_MAX];
  oc_frame_request sizes = {.name_len = (uint16_t)name.len, .json_len = (uint32_t)json.len};
  memcpy(head, &sizes, sizeof sizes);
  memcpy(head + sizeof sizes, name.ptr, name.len);
  frames_send(OC_FRAME_REQUEST, session->call, head, sizeof sizes + name.len, json);

  oc_frame_answer outcome;
  frames_receive(OC_FRAME_ANSWER, sizeof outcome + OC_ANSWER_MAX, &session->answer);
  if (session->answer.call != session->call) frames_violation("an answer to another call");
  if (session->answer.length < sizeof outcome) frames_violation("a short answer");
  memcpy(&outcome, session->answer.bytes, sizeof outcome);
  *answer = oc_bytes(session->answer.bytes + sizeof outcome, session->answer.length - sizeof outcome);
  return outcome.status;
}

static bool door_cancelled(void *context, void *call) {
  const session *session = context;
  (void)call;
  uint64_t current = __atomic_load_n(&session->call, __ATOMIC_RELAXED);
  return current != 0 && __atomic_load_n(&session->cancel_page->call, __ATOMIC_RELAXED) == current;
}

static void door_log(void *context, oc_level level, oc_slice line) {
  const session *session = context;
  oc_frame_log head = {level};
  frames_send(OC_FRAME_LOG, session->call, &head, sizeof head, line);
}

/* ---- Serving ---- */

/* A CALL message taken apart. The slices point into the message. */
typedef struct call_parts {
  oc_slice symbol, signature, args;
  oc_invocation invocation;
} call_parts;

static call_parts take_apart(const message *message) {
  oc_frame_call sizes;
  if (message->length < sizeof sizes) frames_violation("a short call");
  memcpy(&sizes, message->bytes, sizeof sizes);
  if (message->length != sizeof sizes + (size_t)sizes.symbol_len + sizes.signature_len + sizes.key_len + sizes.args_len)
    frames_violation("a call whose sizes do not add up");

  char *at = message->bytes + sizeof sizes;
  call_parts parts;
  parts.symbol = oc_bytes(at, sizes.symbol_len);
  parts.signature = oc_bytes(at += sizes.symbol_len, sizes.signature_len);
  parts.invocation.id = oc_bytes(at += sizes.signature_len, sizes.key_len);
  parts.invocation.call = NULL;
  parts.invocation.deadline_unix_ms = sizes.deadline_unix_ms;
  at += sizes.key_len;
  /* Slots must be aligned. A message has 8 spare bytes at its end. */
  char *aligned = at + (-(uintptr_t)at & 7);
  parts.args = oc_bytes(memmove(aligned, at, sizes.args_len), sizes.args_len);
  return parts;
}

static void send_return(const session *session, const oc_result *result) {
  oc_frame_return head = {
      .status = result->status,
      .value_type = result->type,
      .value_bits = result->bits,
      .text_len = (uint32_t)result->text.len,
  };
  frames_send(OC_FRAME_RETURN, session->call, &head, sizeof head, result->text);
}

enum { longest_call = sizeof(oc_frame_call) + OC_SYMBOL_MAX + OC_SIGNATURE_MAX + OC_KEY_TEXT_MAX + OC_ARGS_MAX };

static void serve(oc_image *image, session *session) {
  char error[OC_ERROR_SIZE];
  oc_result result;
  for (;;) {
    frames_receive(OC_FRAME_CALL, longest_call, &session->request);
    call_parts parts = take_apart(&session->request);
    __atomic_store_n(&session->call, session->request.call, __ATOMIC_RELAXED);
    session->replied = session->held = 0;
    session->is_too_large = false;

    oc_binding *binding = oc_image_bind(image, parts.symbol, parts.signature, error, sizeof error);
    if (binding != NULL) oc_binding_call(binding, parts.args, &parts.invocation, &result);
    else result = (oc_result){.status = OC_INTERNAL, .text = oc_text(error)};

    if (result.type == OC_TYPE_STR && result.text.len > OC_REPLY_MAX)
      result = (oc_result){.status = OC_TOO_LARGE, .text = oc_text("the str result is over 4 MiB")};
    if (result.status == OC_OK && session->is_too_large)
      result = (oc_result){.status = OC_TOO_LARGE, .text = oc_text("the reply is over 4 MiB")};
    if (result.status == OC_OK) flush_reply(session);
    send_return(session, &result);
    __atomic_store_n(&session->call, 0, __ATOMIC_RELAXED);
  }
}

int main(void) {
  static session session;
  char error[OC_ERROR_SIZE];
  sandbox sandbox;

  if (!is_message_socket(OC_FD_RPC)) {
    fputs("openclaw-runner is started by openclaw, with a socket as descriptor 3\n", stderr);
    return exit_usage;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  setsid();
  reset_signals();
  empty_environment();
  close_everything_else();
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* so that a skill's last line is not lost when it is killed */
  session.cancel_page = map_cancel_page();
  open_shim_prepare();
  preload_libraries();
  if (!sandbox_enter(&sandbox, error, sizeof error)) load_failed(error);
  const oc_frame_hello hello = {OC_ABI_MAJOR, OC_ABI_MINOR, sandbox.protections, sandbox.landlock_abi};
  frames_send(OC_FRAME_HELLO, 0, &hello, sizeof hello, oc_bytes("", 0));
  frames_receive_image();

  /* From here on, code of the skill may run. */
  oc_image *image = oc_image_open_path(sandbox.image_path, error, sizeof error);
  if (image == NULL) load_failed(without_path(error, sandbox.image_path));
  close(OC_FD_IMAGE);
  const oc_door door = {&session, door_reply, door_request, door_cancelled, door_log};
  if (oc_image_start(image, &door, error, sizeof error) != OC_OK) load_failed(error);

  frames_send(OC_FRAME_LOADED, 0, NULL, 0, oc_bytes("", 0));
  serve(image, &session);
}
