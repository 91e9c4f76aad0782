// Dies while it is being loaded.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-crash",
  "version": "1.0.0",
  "tools": [{"name": "never", "summary": "Is never reached", "symbol": "never", "effect": "read", "call": "i32()"}]
}));

__attribute__((constructor)) static void crash(void) { __builtin_trap(); }

OC_EXPORT int32_t never(void) { return 1; }
