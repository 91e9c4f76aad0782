// A write tool that makes itself felt outside the host: it posts the number that it is given, and the id of the call.
#include "openclaw_skill.h"

// The port is written over by the tests.
OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.effect",
  "version": "1.0.0",
  "scopes": ["http:POST http://127.0.0.1:59999/effects"],
  "tools": [
    {"name": "effect.make", "summary": "Changes the world outside", "symbol": "make", "effect": "write",
     "scopes": ["http:POST http://127.0.0.1:59999/effects"], "call": "json",
     "parameters": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 100}}, "required": ["name"],
                    "additionalProperties": false}}
  ]
}));

OC_EXPORT oc_status make(const oc_call *call) {
  static const char before[] = "{\"method\":\"POST\",\"url\":\"http://127.0.0.1:59999/effects\",\"body\":";
  char json[2048];
  oc_slice answer = {NULL, 0};
  size_t used = sizeof before - 1, quoted;
  oc_status status;
  memcpy(json, before, used);
  quoted = oc_json_quote(json + used, sizeof json - used - 2, call->args);
  if (quoted == 0) return oc_fail(call, OC_TOO_LARGE, "the arguments are too long");
  used += quoted;
  json[used++] = '}';
  status = oc_request(call, "http.fetch", oc_bytes(json, used), &answer);
  if (status != OC_OK) return oc_fail(call, status, "the world outside does not answer");
  return oc_reply(call, call->args);
}
