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
VALUE(sizeof(OC_NOTE_OWNER), 9);
VALUE(OC_MANIFEST_MAX, 65536);

/* The types of the functions. C++ has no word for this comparison; it compiles the same declarations. */
#ifndef __cplusplus
#define TYPE(struct_type, member, ...)                                                         \
  _Static_assert(__builtin_types_compatible_p(__typeof__(((struct_type *)0)->member), __VA_ARGS__), \
                 "the type of " #struct_type "." #member " is part of the ABI")

TYPE(oc_host, reply, oc_status (*)(const oc_call *, oc_slice));
TYPE(oc_host, fail, oc_status (*)(const oc_call *, oc_status, oc_slice));
TYPE(oc_host, request, oc_status (*)(const oc_call *, oc_slice, oc_slice, oc_slice *));
TYPE(oc_host, cancelled, bool (*)(const oc_call *));
TYPE(oc_host, log, void (*)(const oc_host *, oc_level, oc_slice));
_Static_assert(__builtin_types_compatible_p(oc_json_tool, oc_status (*)(const oc_call *)), "the type of a JSON tool");
_Static_assert(__builtin_types_compatible_p(oc_open_function, oc_status (*)(const oc_host *, void **)), "the type of oc_open_v1");
_Static_assert(__builtin_types_compatible_p(oc_close_function, void (*)(void *)), "the type of oc_close_v1");
#endif
