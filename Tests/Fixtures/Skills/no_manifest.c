// A library like any other.
#include "openclaw_skill.h"

OC_EXPORT int32_t answer(void) { return 42; }
