// Never finishes being loaded.
#include <unistd.h>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-hang",
  "version": "1.0.0",
  "tools": [{"name": "never", "summary": "Is never reached", "symbol": "never", "effect": "read", "call": "i32()"}]
}));

__attribute__((constructor)) static void hang(void) {
  for (;;) pause();
}

OC_EXPORT int32_t never(void) { return 1; }
