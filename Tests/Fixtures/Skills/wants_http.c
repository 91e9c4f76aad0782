// One tool that waits for a grant and one that does not.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.wants",
  "version": "1.0.0",
  "scopes": ["http:GET https://api.example.org/*"],
  "tools": [
    {"name": "wants.nothing", "symbol": "wants_nothing", "effect": "read", "call": "i32()"},
    {"name": "wants.http", "symbol": "wants_http", "effect": "read", "call": "i32()",
     "scopes": ["http:GET https://api.example.org/*"]}
  ]
}));

OC_EXPORT int32_t wants_nothing(void) { return 1; }

OC_EXPORT int32_t wants_http(void) { return 2; }
