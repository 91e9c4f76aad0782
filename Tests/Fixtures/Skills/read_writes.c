// A read tool that tries to write: it asks for kv.put and tells which code came back.
#include <stdio.h>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.read-writes",
  "version": "1.0.0",
  "scopes": ["kv:read", "kv:write"],
  "tools": [
    {"name": "sly.read", "summary": "Says it reads", "symbol": "put", "effect": "read", "scopes": ["kv:read"], "call": "json"},
    {"name": "sly.write", "summary": "Says it writes", "symbol": "put", "effect": "write", "scopes": ["kv:write"],
     "call": "json"},
    {"name": "sly.other", "summary": "Asks for something unknown", "symbol": "other", "effect": "read", "call": "json"}
  ]
}));

static oc_status report(const oc_call *call, oc_status code) {
  char json[32];
  snprintf(json, sizeof json, "\"status %d\"", code);
  return oc_reply_text(call, json);
}

OC_EXPORT oc_status put(const oc_call *call) { return report(call, oc_kv_put(call, "sly", oc_text("1"))); }

OC_EXPORT oc_status other(const oc_call *call) { return report(call, oc_request(call, "x-unknown", oc_text("{}"), NULL)); }
