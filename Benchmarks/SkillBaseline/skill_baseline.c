#include "skill_baseline.h"

#include <ffi.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t baseline_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef double (*scale_function)(double, const char *, int32_t);

__attribute__((noinline)) static double scale(double x, const char *unit, int32_t n) { return x * n + unit[0]; }

/* Read anew for every call, so that the compiler cannot see through it. */
static const volatile scale_function function = scale;

double baseline_direct_call(unsigned count) {
  volatile double sink = 0;
  uint64_t start = baseline_now();
  for (unsigned i = 0; i < count; i++) sink = function(1.5, "km", (int32_t)i);
  (void)sink;
  return (double)(baseline_now() - start) / count;
}

double baseline_prepared_ffi_call(unsigned count) {
  ffi_cif cif;
  ffi_type *types[] = {&ffi_type_double, &ffi_type_pointer, &ffi_type_sint32};
  if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 3, &ffi_type_double, types) != FFI_OK) return 0;
  double x = 1.5, result;
  const char *unit = "km";
  int32_t n = 0;
  void *values[] = {&x, &unit, &n};
  uint64_t start = baseline_now();
  for (unsigned i = 0; i < count; i++) {
    n = (int32_t)i;
    ffi_call(&cif, FFI_FN(function), &result, values);
  }
  return (double)(baseline_now() - start) / count;
}

static _Noreturn void echo(int socket, char *buffer, size_t reply) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  while (recv(socket, buffer, reply > 65536 ? reply : 65536, 0) > 0) send(socket, buffer, reply, MSG_NOSIGNAL);
  _exit(0);
}

int baseline_packet_round_trips(size_t request, size_t reply, uint64_t *times, unsigned count) {
  int pair[2];
  char *buffer = calloc(1, request > 65536 ? request : 65536);
  if (buffer == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    close(pair[0]);
    echo(pair[1], buffer, reply);
  }
  close(pair[1]);
  for (unsigned i = 0; child > 0 && i < count; i++) {
    uint64_t start = baseline_now();
    send(pair[0], buffer, request, MSG_NOSIGNAL);
    recv(pair[0], buffer, 65536, 0);
    times[i] = baseline_now() - start;
  }
  close(pair[0]);
  if (child > 0) waitpid(child, NULL, 0);
  free(buffer);
  return child > 0 ? 0 : -1;
}
