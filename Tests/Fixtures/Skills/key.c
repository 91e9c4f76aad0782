// A write that answers with the key of its call, as a service would be given it to recognise a repeat.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.key",
  "version": "1.0.0",
  "tools": [{"name": "key.tell", "summary": "The key of the call", "symbol": "tell", "effect": "write", "call": "json"}]
}));

OC_EXPORT oc_status tell(const oc_call *call) {
  oc_status status = oc_reply_text(call, "\"");
  if (status == OC_OK) status = oc_reply(call, call->id);
  return status == OC_OK ? oc_reply_text(call, "\"") : status;
}
