// Refuses to be opened.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.open-refuses",
  "version": "1.0.0",
  "tools": [{"name": "never", "summary": "Is never reached", "symbol": "never", "effect": "read", "call": "i32()"}]
}));

OC_EXPORT oc_status oc_open_v1(const oc_host *host, void **state) {
  *state = NULL;
  oc_log(host, OC_LOG_WARNING, "I do not want to");
  return OC_UNAVAILABLE;
}

OC_EXPORT int32_t never(void) { return 1; }
