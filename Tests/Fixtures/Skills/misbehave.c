// One tool for each way to misbehave during a call, and `fine` to see that the skill still works.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.misbehave",
  "version": "1.0.0",
  "tools": [
    {"name": "bad.fine", "summary": "42", "symbol": "fine", "effect": "read", "call": "i32()"},
    {"name": "bad.crash", "summary": "Reads address 8", "symbol": "crash", "effect": "read", "call": "i32()"},
    {"name": "bad.crash_write", "summary": "The same as a write", "symbol": "crash", "effect": "write", "call": "i32()"},
    {"name": "bad.abort", "summary": "Aborts", "symbol": "abort_now", "effect": "read", "call": "i32()"},
    {"name": "bad.overflow", "summary": "Overflows its stack", "symbol": "overflow", "effect": "read", "call": "i32(n:i32)"},
    {"name": "bad.hang", "summary": "Sleeps for ever", "symbol": "hang", "effect": "read", "call": "i32()", "timeout_ms": 300},
    {"name": "bad.spin", "summary": "Spins for ever", "symbol": "spin", "effect": "read", "call": "i32()", "timeout_ms": 300},
    {"name": "bad.stop", "summary": "Stops itself", "symbol": "stop", "effect": "read", "call": "i32()", "timeout_ms": 300},
    {"name": "bad.polite", "summary": "Waits until cancelled", "symbol": "polite", "effect": "read", "call": "json",
     "timeout_ms": 300},
    {"name": "bad.exit", "summary": "Exits with 0 and no answer", "symbol": "leave", "effect": "read", "call": "i32()"},
    {"name": "bad.close", "summary": "Closes its socket and sleeps", "symbol": "close_socket", "effect": "read", "call": "i32()",
     "timeout_ms": 300},
    {"name": "bad.silent", "summary": "Replies nothing", "symbol": "silent", "effect": "read", "call": "json"},
    {"name": "bad.null", "summary": "Returns a null str", "symbol": "null_text", "effect": "read", "call": "str()"},
    {"name": "bad.latin1", "summary": "Returns a str that is not UTF-8", "symbol": "latin1", "effect": "read", "call": "str()"},
    {"name": "bad.nan", "summary": "Returns a number that JSON does not have", "symbol": "not_a_number", "effect": "read",
     "call": "f64()"},
    {"name": "bad.broken", "summary": "Replies half a JSON value", "symbol": "broken", "effect": "read", "call": "json"},
    {"name": "bad.flood", "summary": "Replies without end", "symbol": "flood", "effect": "read", "call": "json"},
    {"name": "bad.long", "summary": "Returns a str over 4 MiB", "symbol": "long_text", "effect": "read", "call": "str()"},
    {"name": "bad.chatter", "summary": "Logs and prints without end", "symbol": "chatter", "effect": "read", "call": "json",
     "timeout_ms": 300},
    {"name": "bad.nag", "summary": "Asks for the clock without end", "symbol": "nag", "effect": "read", "call": "json",
     "timeout_ms": 300},
    {"name": "bad.forge", "summary": "Sends a frame of its own", "symbol": "forge", "effect": "read", "call": "i32()",
     "timeout_ms": 300},
    {"name": "bad.cling", "summary": "Sends its log pipe away behind a packet that ends it all", "symbol": "cling",
     "effect": "read", "call": "i32()", "timeout_ms": 300},
    {"name": "bad.memory", "summary": "Takes all the memory it gets, answers MiB", "symbol": "memory", "effect": "read",
     "call": "i32()"},
    {"name": "bad.threads", "summary": "Starts all the threads it gets, answers how many", "symbol": "threads", "effect": "read",
     "call": "i32()"},
    {"name": "bad.wait", "summary": "Says so and sleeps for ever", "symbol": "wait_here", "effect": "read", "call": "json",
     "timeout_ms": 60000},
    {"name": "bad.divide", "summary": "Divides by zero", "symbol": "divide", "effect": "read", "call": "i32(n:i32)"},
    {"name": "bad.trap", "summary": "Traps", "symbol": "trap", "effect": "read", "call": "i32()"},
    {"name": "bad.status", "summary": "Exits with 3", "symbol": "leave_with_status", "effect": "read", "call": "i32()"},
    {"name": "bad.thread", "summary": "Crashes in a thread", "symbol": "crash_in_thread", "effect": "read", "call": "i32()"},
    {"name": "bad.terminate", "summary": "Sends itself SIGTERM", "symbol": "terminate", "effect": "read", "call": "i32()"},
    {"name": "bad.oversize", "summary": "Sends a frame over 64 KiB", "symbol": "oversize", "effect": "read", "call": "i32()",
     "timeout_ms": 300},
    {"name": "bad.other_call", "summary": "Sends the result of another call", "symbol": "other_call", "effect": "read",
     "call": "i32()", "timeout_ms": 300},
    {"name": "bad.late", "summary": "Sends a frame after its call", "symbol": "late", "effect": "read", "call": "i32()"},
    {"name": "bad.x32", "summary": "Makes a system call of x32", "symbol": "call_x32", "effect": "read", "call": "i32()"},
    {"name": "bad.int80", "summary": "Makes a system call of i386", "symbol": "call_i386", "effect": "read", "call": "i32()"},
    {"name": "bad.leave_spinning", "summary": "Leaves a thread behind that spins", "symbol": "leave_spinning",
     "effect": "read", "call": "i32()"},
    {"name": "bad.fail", "summary": "Fails with a code of its own", "symbol": "fail_own", "effect": "read", "call": "json"}
  ]
}));

OC_EXPORT int32_t fine(void) { return 42; }

OC_EXPORT int32_t crash(void) { return *(volatile int32_t *)8; }

OC_EXPORT int32_t abort_now(void) { abort(); }

OC_EXPORT int32_t overflow(int32_t n) {
  volatile char frame[4096];
  frame[0] = (char)n;
  return overflow(n + 1) + frame[0];
}

OC_EXPORT int32_t hang(void) {
  for (;;) pause();
}

OC_EXPORT int32_t spin(void) {
  for (volatile int i = 0;; i++) continue;
}

OC_EXPORT int32_t stop(void) { return kill(getpid(), SIGSTOP); }

OC_EXPORT oc_status polite(const oc_call *call) {
  const struct timespec nap = {0, 1000000};
  while (!oc_cancelled(call)) nanosleep(&nap, NULL);
  return oc_fail(call, OC_CANCELLED, "stopped when asked to");
}

OC_EXPORT int32_t leave(void) { exit(0); }

OC_EXPORT int32_t close_socket(void) {
  close(3);
  return hang();
}

OC_EXPORT oc_status silent(const oc_call *call) {
  (void)call;
  return OC_OK;
}

OC_EXPORT const char *null_text(void) { return NULL; }

OC_EXPORT const char *latin1(void) { return "caf\xe9"; }

OC_EXPORT double not_a_number(void) { return __builtin_nan(""); }

OC_EXPORT oc_status broken(const oc_call *call) { return oc_reply_text(call, "{\"a\":"); }

OC_EXPORT oc_status flood(const oc_call *call) {
  static char block[65536];
  memset(block, '0', sizeof block);
  for (int i = 0; i < 4096; i++) oc_reply(call, oc_bytes(block, sizeof block));
  return OC_OK;
}

OC_EXPORT const char *long_text(void) {
  static char text[(5 << 20) + 1];
  memset(text, 'a', sizeof text - 1);
  return text;
}

OC_EXPORT oc_status chatter(const oc_call *call) {
  for (;;) {
    oc_log(call->host, OC_LOG_INFO, "chatter");
    puts("chatter");
  }
}

OC_EXPORT oc_status nag(const oc_call *call) {
  for (;;) oc_request(call, "clock", oc_text("{}"), NULL);
}

OC_EXPORT int32_t forge(void) {
  const char garbage[] = "this is no frame of the protocol";
  return write(3, garbage, sizeof garbage) > 0 ? hang() : 0;
}

OC_EXPORT int32_t cling(void) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } attachment = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  const int log_pipe = STDOUT_FILENO;
  memcpy(CMSG_DATA(&attachment.header), &log_pipe, sizeof log_pipe);
  char byte = 0;
  struct iovec nothing = {&byte, 0}, something = {&byte, 1};
  const struct msghdr empty = {.msg_iov = &nothing, .msg_iovlen = 1};
  const struct msghdr full = {
      .msg_iov = &something, .msg_iovlen = 1, .msg_control = attachment.bytes, .msg_controllen = sizeof attachment.bytes};
  sendmsg(3, &empty, 0);  // the host kills the runner for the first and stops reading at the second
  sendmsg(3, &empty, 0);
  sendmsg(3, &full, 0);
  return hang();
}

OC_EXPORT int32_t memory(void) {
  int32_t taken = 0;
  char *volatile block;  // volatile, or the compiler sees that nobody needs the memory
  for (; taken < 4096 && (block = malloc(1 << 20)) != NULL; taken++) memset(block, 1, 1 << 20);
  return taken;
}

static void *sleep_for_ever(void *nothing) {
  (void)nothing;
  for (;;) pause();
}

OC_EXPORT int32_t threads(void) {
  int32_t started = 0;
  for (pthread_t thread; started < 500 && pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0;) started++;
  return started;
}

static void *spin_for_ever(void *nothing) {
  (void)nothing;
  spin();
  return NULL;
}

OC_EXPORT int32_t leave_spinning(void) {
  pthread_t thread;
  return pthread_create(&thread, NULL, spin_for_ever, NULL) == 0;
}

OC_EXPORT oc_status wait_here(const oc_call *call) {
  oc_log(call->host, OC_LOG_INFO, "waiting");
  for (;;) pause();
}

OC_EXPORT int32_t divide(int32_t n) {
  volatile int32_t zero = 0;
  return n / zero;
}

OC_EXPORT int32_t trap(void) { __builtin_trap(); }

OC_EXPORT int32_t leave_with_status(void) { exit(3); }

static void *crash_here(void *nothing) {
  (void)nothing;
  crash();
  return NULL;
}

OC_EXPORT int32_t crash_in_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, crash_here, NULL);
  return hang();
}

OC_EXPORT int32_t terminate(void) {
  kill(getpid(), SIGTERM);
  return hang();
}

OC_EXPORT int32_t oversize(void) {
  static char frame[100000] = {18};
  return write(3, frame, sizeof frame) > 0 ? hang() : 0;
}

OC_EXPORT int32_t other_call(void) {
  const struct {
    uint16_t kind, flags;
    uint32_t length;
    uint64_t call;
    char payload[24];
  } frame = {.kind = 19, .length = 24, .call = 999};
  return write(3, &frame, sizeof frame) > 0 ? hang() : 0;
}

static void *send_late(void *nothing) {
  const char frame[] = "this is no frame of the protocol";
  usleep(20000);
  return write(3, frame, sizeof frame) > 0 ? nothing : NULL;
}

OC_EXPORT int32_t late(void) {
  pthread_t thread;
  return pthread_create(&thread, NULL, send_late, NULL) == 0;
}

#if defined(__x86_64__)
OC_EXPORT int32_t call_x32(void) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(0x40000000L + 39 /* getpid */) : "rcx", "r11", "memory");
  return (int32_t)result;
}

OC_EXPORT int32_t call_i386(void) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid */) : "memory");
  return (int32_t)result;
}
#else
OC_EXPORT int32_t call_x32(void) { return -1; }
OC_EXPORT int32_t call_i386(void) { return -1; }
#endif

OC_EXPORT oc_status fail_own(const oc_call *call) { return oc_fail(call, OC_FIRST_SKILL_STATUS + 1, "my own reason"); }
