// Asks the host for whatever its arguments say, and tells the status and the answer.
#include <stdio.h>
#include <stdlib.h>

#include "openclaw_skill.h"

// The port is written over by the tests.
OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.capabilities",
  "version": "1.0.0",
  "scopes": ["kv:read", "kv:write", "http:GET http://127.0.0.1:59999/*", "http:POST http://127.0.0.1:59999/post",
             "secret:weather", "chat:send"],
  "tools": [
    {"name": "ask.read", "summary": "Asks while reading", "symbol": "ask", "effect": "read",
     "scopes": ["kv:read", "http:GET http://127.0.0.1:59999/*", "secret:weather"], "call": "json",
     "parameters": {"type": "object", "properties": {"name": {"type": "string"}, "request": {"type": "object"}},
                    "required": ["name", "request"]}},
    {"name": "ask.write", "summary": "Asks while writing", "symbol": "ask", "effect": "write",
     "scopes": ["kv:read", "kv:write", "http:GET http://127.0.0.1:59999/*", "http:POST http://127.0.0.1:59999/post",
                "secret:weather", "chat:send"], "call": "json",
     "parameters": {"type": "object", "properties": {"name": {"type": "string"}, "request": {"type": "object"}},
                    "required": ["name", "request"]}},
    {"name": "ask.helpers", "summary": "Uses the helpers of the header", "symbol": "helpers", "effect": "write",
     "scopes": ["http:GET http://127.0.0.1:59999/*", "chat:send"], "call": "json"}
  ]
}));

static oc_status report(const oc_call *call, oc_status status, oc_slice answer) {
  size_t size = 6 * answer.len + 64, used;
  char *json = malloc(size);
  oc_status outcome;
  if (!json) return oc_fail(call, OC_INTERNAL, "no memory");
  used = (size_t)snprintf(json, size, "{\"status\":%d,\"answer\":", (int)status);
  used += oc_json_quote(json + used, size - used - 1, answer);
  json[used++] = '}';
  outcome = oc_reply(call, oc_bytes(json, used));
  free(json);
  return outcome;
}

// The arguments are canonical: {"name":"…","request":{…}}
OC_EXPORT oc_status ask(const oc_call *call) {
  static const char before[] = "{\"name\":\"", between[] = "\",\"request\":";
  const size_t start = sizeof before - 1;
  char name[64];
  size_t length = 0;
  oc_slice answer = {NULL, 0};
  oc_status status;
  while (start + length < call->args.len && call->args.ptr[start + length] != '"' && length < sizeof name - 1) {
    name[length] = call->args.ptr[start + length];
    length++;
  }
  name[length] = 0;
  length += start + sizeof between - 1;
  if (length >= call->args.len) return OC_BAD_ARGUMENT;
  status = oc_request(call, name, oc_bytes(call->args.ptr + length, call->args.len - length - 1), &answer);
  return report(call, status, answer);
}

OC_EXPORT oc_status helpers(const oc_call *call) {
  oc_slice answer = {NULL, 0};
  oc_status status = oc_chat_send(call, "say \"hi\"\n");
  if (status != OC_OK) return oc_fail(call, status, "chat");
  status = oc_http_get(call, "http://127.0.0.1:59999/helper", &answer);
  return report(call, status, answer);
}
