// Its manifest names a function that it does not export.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.missing-symbol",
  "version": "1.0.0",
  "tools": [{"name": "gone", "summary": "Is not there", "symbol": "gone", "effect": "read", "call": "i32()"}]
}));

int32_t gone(void);  // hidden by -fvisibility
int32_t gone(void) { return 1; }
