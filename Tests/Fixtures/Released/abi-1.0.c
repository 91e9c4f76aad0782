/* The source of abi-1.0-x86_64.so.base64, which was built once against the released header 1.0 and is never built again:
 *
 *   clang -std=c99 -O2 -fPIC -fvisibility=hidden -shared -s -Wl,--build-id=none \
 *     -I Sources/SkillABI/include abi-1.0.c -o abi-1.0-x86_64.so
 *
 * A host of any later 1.x must load those very bytes and answer as ReleasedSkillTests says. */
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.released",
  "version": "1.0.0",
  "scopes": ["kv:read", "kv:write"],
  "key-of-a-later-minor": {"ignored": true},
  "tools": [
    {"name": "released.mix", "summary": "Uses every numeric type", "symbol": "mix", "effect": "read",
     "call": "f64(a:i32,b:i64,c:u32,d:u64,e:f32,f:f64,g:bool)"},
    {"name": "released.not", "symbol": "negate", "effect": "read", "call": "bool(value:bool)"},
    {"name": "released.narrow", "symbol": "narrow", "effect": "read", "call": "i32(value:i64)"},
    {"name": "released.half", "symbol": "half", "effect": "read", "call": "f32(value:f32)"},
    {"name": "released.unsigned", "symbol": "wide", "effect": "read", "call": "u64(value:u32)"},
    {"name": "released.echo", "symbol": "echo", "effect": "read", "call": "str(text:str)", "rest": "text"},
    {"name": "released.greet", "symbol": "greet", "effect": "read", "call": "str(formal:bool)",
     "parameters": {"properties": {"formal": {"type": "boolean", "description": "Politely", "default": true}}}},
    {"name": "released.args", "symbol": "args", "effect": "read", "call": "json",
     "parameters": {"type": "object", "required": ["list"], "additionalProperties": false,
                    "properties": {"list": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                                   "note": {"type": "string", "maxLength": 10}}}},
    {"name": "released.pieces", "symbol": "pieces", "effect": "read", "call": "json"},
    {"name": "released.silent", "symbol": "silent", "effect": "read", "call": "json"},
    {"name": "released.call", "symbol": "facts", "effect": "read", "call": "json"},
    {"name": "released.fail", "symbol": "fail", "effect": "read", "call": "json"},
    {"name": "released.missing", "symbol": "missing", "effect": "read", "call": "json", "scopes": ["kv:read"]},
    {"name": "released.peek", "symbol": "peek", "effect": "read", "call": "json", "scopes": ["kv:read"]},
    {"name": "released.forbidden", "symbol": "put", "effect": "read", "call": "json", "scopes": ["kv:read"]},
    {"name": "released.put", "symbol": "put", "effect": "write", "idempotent": true, "call": "json", "scopes": ["kv:read", "kv:write"],
     "timeout_ms": 5000, "max_result": 1000, "concurrency": 2},
    {"name": "released.delete", "symbol": "erase", "call": "json", "scopes": ["kv:write"]},
    {"name": "released.clock", "symbol": "clock_now", "effect": "read", "call": "json"},
    {"name": "released.unknown", "symbol": "unknown", "effect": "read", "call": "json"},
    {"name": "released.log", "symbol": "write_log", "effect": "read", "call": "json"}
  ]
}));

/* What oc_open_v1 saw. */
static const oc_host *opened_with;
static int state;

OC_EXPORT oc_status oc_open_v1(const oc_host *host, void **stored) {
  if (host->size < 56 || host->major != 1) return OC_UNAVAILABLE;
  opened_with = host;
  *stored = &state;
  return OC_OK;
}

OC_EXPORT void oc_close_v1(void *stored) { (void)stored; }

OC_EXPORT double mix(int32_t a, int64_t b, uint32_t c, uint64_t d, float e, double f, bool g) {
  return (double)a + (double)b + (double)c + (double)d + (double)e + f + (g ? 1 : 0);
}

OC_EXPORT bool negate(bool value) { return !value; }
OC_EXPORT int32_t narrow(int64_t value) { return (int32_t)-value; }
OC_EXPORT float half(float value) { return value / 2; }
OC_EXPORT uint64_t wide(uint32_t value) { return (uint64_t)value * value; }
OC_EXPORT const char *echo(const char *text) { return text; }
OC_EXPORT const char *greet(bool formal) { return formal ? "Good day" : "Hi"; }

OC_EXPORT oc_status args(const oc_call *call) { return oc_reply(call, call->args); }

OC_EXPORT oc_status pieces(const oc_call *call) {
  oc_status status = oc_reply_text(call, "{\"first\":1,");
  return status == OC_OK ? oc_reply_text(call, "\"second\":2}") : status;
}

OC_EXPORT oc_status silent(const oc_call *call) { (void)call; return OC_OK; }

OC_EXPORT oc_status facts(const oc_call *call) {
  bool is_right = call->size >= 64 && call->host && opened_with && call->state == &state && call->deadline > 0 &&
                  call->id.len > 0 && call->host->size >= 56 && call->host->major == 1 && !oc_cancelled(call);
  return oc_reply_text(call, is_right ? "true" : "false");
}

OC_EXPORT oc_status fail(const oc_call *call) { return oc_fail(call, OC_FIRST_SKILL_STATUS + 7, "a reason of my own"); }

OC_EXPORT oc_status missing(const oc_call *call) {
  oc_slice value;
  return oc_kv_get(call, "nothing/here", &value);
}

OC_EXPORT oc_status peek(const oc_call *call) {
  oc_slice value;
  oc_status status = oc_kv_get(call, "key", &value);
  return status == OC_OK ? oc_reply(call, value) : status;
}

OC_EXPORT oc_status put(const oc_call *call) { return oc_kv_put(call, "key", oc_text("{\"kept\":[1,2]}")); }

OC_EXPORT oc_status erase(const oc_call *call) { return oc_kv_delete(call, "key"); }

OC_EXPORT oc_status clock_now(const oc_call *call) {
  oc_slice answer;
  oc_status status = oc_request(call, "clock", oc_text("{}"), &answer);
  return status == OC_OK ? oc_reply(call, answer) : status;
}

OC_EXPORT oc_status unknown(const oc_call *call) { return oc_request(call, "never.heard.of", oc_text("{}"), NULL); }

OC_EXPORT oc_status write_log(const oc_call *call) {
  oc_log(opened_with, OC_LOG_WARNING, "a line of the released skill");
  return oc_reply_text(call, "null");
}
