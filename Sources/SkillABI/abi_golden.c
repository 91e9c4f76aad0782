/* The sizes and offsets of ABI 1 on 64-bit machines. A line that has been released never changes; a minor adds lines. */
#include "openclaw_skill.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "the size of " #type " is part of the ABI")
#define OFFSET(type, member, bytes) \
  _Static_assert(offsetof(type, member) == (bytes), "the place of " #type "." #member " is part of the ABI")
#define VALUE(name, number) _Static_assert((name) == (number), "the value of " #name " is part of the ABI")

SIZE(oc_status, 4);
SIZE(oc_level, 4);

SIZE(oc_slice, 16);
OFFSET(oc_slice, ptr, 0);
OFFSET(oc_slice, len, 8);

SIZE(oc_call, 64);
OFFSET(oc_call, size, 0);
OFFSET(oc_call, flags, 4);
OFFSET(oc_call, host, 8);
OFFSET(oc_call, state, 16);
OFFSET(oc_call, args, 24);
OFFSET(oc_call, deadline, 40);
OFFSET(oc_call, id, 48);

SIZE(oc_host, 56);
OFFSET(oc_host, size, 0);
OFFSET(oc_host, major, 4);
OFFSET(oc_host, minor, 8);
OFFSET(oc_host, flags, 12);
OFFSET(oc_host, reply, 16);
OFFSET(oc_host, fail, 24);
OFFSET(oc_host, request, 32);
OFFSET(oc_host, cancelled, 40);
OFFSET(oc_host, log, 48);

VALUE(OC_ABI_MAJOR, 1);
VALUE(OC_OK, 0);
VALUE(OC_BAD_ARGUMENT, 1);
VALUE(OC_DENIED, 2);
VALUE(OC_NOT_FOUND, 3);
VALUE(OC_CONFLICT, 4);
VALUE(OC_UNAVAILABLE, 5);
VALUE(OC_CANCELLED, 6);
VALUE(OC_DEADLINE, 7);
VALUE(OC_TOO_LARGE, 8);
VALUE(OC_INTERNAL, 9);
VALUE(OC_FIRST_SKILL_STATUS, 100);
VALUE(OC_LOG_DEBUG, 0);
VALUE(OC_LOG_INFO, 1);
VALUE(OC_LOG_WARNING, 2);
VALUE(OC_LOG_ERROR, 3);
VALUE(OC_NOTE_TYPE, 0x4f435331);
