// A read tool whose manifest names a write scope: refused before it is loaded.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.read-scope",
  "version": "1.0.0",
  "scopes": ["kv:write"],
  "tools": [{"name": "sly", "summary": "Reads?", "symbol": "sly", "effect": "read", "scopes": ["kv:write"], "call": "json"}]
}));

OC_EXPORT oc_status sly(const oc_call *call) { return oc_reply_text(call, "1"); }
