/* skill_baseline.h: what calls cost without us. Times are in nanoseconds. */
#ifndef SKILL_BASELINE_H
#define SKILL_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/* One call of a function like those of typed tools, `double (double, const char *, int32_t)`, through a pointer. */
double baseline_direct_call(unsigned count);

/* The same through libffi, with everything prepared. */
double baseline_prepared_ffi_call(unsigned count);

/* Round trips of packets between this process and a child over a SOCK_SEQPACKET pair, one time each. 0, or -1 with errno. */
int baseline_packet_round_trips(size_t request, size_t reply, uint64_t *times, unsigned count);

uint64_t baseline_now(void);

#endif
