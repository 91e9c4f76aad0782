/* openclaw_skill.h: the binary interface between the host and a skill. ABI 1.0.
 *
 * A skill is a shared library that carries a manifest (JSON in an ELF note, read by the host without running
 * any of the library's code) and exports one C function for each tool that the manifest names. There are two kinds.
 *
 *   A typed tool is a plain C function. The manifest gives its signature and the host does the rest:
 *
 *       OC_SKILL_MANIFEST(OC_JSON({
 *         "abi": [1, 0], "id": "org.example.sum", "version": "1.0.0",
 *         "tools": [{"name": "sum", "symbol": "sum", "effect": "read", "call": "i64(a:i32,b:i32)"}]
 *       }));
 *       OC_EXPORT int64_t sum(int32_t a, int32_t b) { return (int64_t)a + b; }
 *
 *       i32 int32_t   i64 int64_t   u32 uint32_t   u64 uint64_t   f32 float   f64 double   bool bool   str const char *
 *
 *     A str is UTF-8 ended by NUL. A str argument is borrowed until the host has the result, so it may be returned.
 *     A str result stays the skill's own and must live until the next call; the host copies it at once. Null is an error.
 *
 *   A JSON tool ("call":"json") takes an oc_call and answers through it:
 *
 *       OC_EXPORT oc_status hello(const oc_call *call) { return oc_reply_text(call, "\"hello\""); }
 *
 * Two more functions are optional: oc_open_v1 and oc_close_v1, declared below.
 *
 * Manifest, at most 64 KiB of UTF-8. Unknown keys are ignored, unless "requires" lists them.
 *
 *   abi                       [1, 0]: the major and minor this skill was written for
 *   id, version               "org.example.sum", "1.0.0"
 *   requires                  names of features without which the skill cannot run
 *   scopes                    the most the skill may ever ask for: "kv:read", "kv:write", "chat:send", "secret:name",
 *                             "http:GET https://host/path*"
 *   tools[].name              what people and models call it
 *   tools[].summary           one line
 *   tools[].symbol            the exported function
 *   tools[].effect            "read" or "write"; missing means "write"
 *   tools[].idempotent        true: the host may repeat the call after a crash
 *   tools[].scopes            the part of the skill's scopes that this tool uses; a read tool names no write scope
 *   tools[].call              "json", or the signature of a typed tool: "f64(x:f64,unit:str,n:i32)"
 *   tools[].parameters        JSON Schema of the arguments; for a typed tool it adds descriptions, defaults and ranges
 *   tools[].result            JSON Schema of the result
 *   tools[].rest              the str parameter that takes the rest of a command line as it was written
 *   tools[].timeout_ms, tools[].max_result, tools[].concurrency        default 10000, 262144, 1; the host may lower them
 *
 * Rules for everything below:
 *
 *   Versions    Same major, and a host minor not below the skill's. A minor only appends: members at the end of a
 *               struct, status codes, capabilities, manifest keys. Test `size` before touching a member newer than 1.0.
 *   Ownership   Nobody frees what the other side allocated. Slices handed in are borrowed for the length of the call.
 *   Threads     The host makes one call at a time and always on the same thread; only the typed tools of a skill that the
 *               operator trusts may be called on different threads, one after the other. `reply`, `fail`, `request` and `log`
 *               may be used on that thread only, while the call lasts; `cancelled` on any thread, while the call lasts.
 *   Limits      Of what this host takes; a later one may take more. Arguments 256 KiB, a result 1 MiB (or max_result), a
 *               request and its answer 128 KiB and 4 MiB, a capability's name 64 bytes, 16 parameters, 64 tools. Too much
 *               is an error, OC_TOO_LARGE or OC_BAD_ARGUMENT, never a cut; only texts for people are cut.
 *   Escapes     No exception, panic or longjmp may cross this border. If one does, the skill's process dies
 *               and the caller is told that the tool crashed.
 */
#ifndef OPENCLAW_SKILL_H
#define OPENCLAW_SKILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OC_ABI_MAJOR ((uint32_t)1)
#define OC_ABI_MINOR ((uint32_t)0)

/* ---- Status codes. 100 and above belong to the skill. ---- */

typedef int32_t oc_status;

#define OC_OK ((oc_status)0)
#define OC_BAD_ARGUMENT ((oc_status)1)
#define OC_DENIED ((oc_status)2)
#define OC_NOT_FOUND ((oc_status)3)
#define OC_CONFLICT ((oc_status)4)
#define OC_UNAVAILABLE ((oc_status)5)
#define OC_CANCELLED ((oc_status)6)
#define OC_DEADLINE ((oc_status)7)
#define OC_TOO_LARGE ((oc_status)8)
#define OC_INTERNAL ((oc_status)9)
#define OC_FIRST_SKILL_STATUS ((oc_status)100)

/* ---- Levels of `log`. ---- */

typedef uint32_t oc_level;

#define OC_LOG_DEBUG ((oc_level)0)
#define OC_LOG_INFO ((oc_level)1)
#define OC_LOG_WARNING ((oc_level)2)
#define OC_LOG_ERROR ((oc_level)3)

/* Borrowed bytes, not NUL-terminated. `ptr` may be null when `len` is 0. */
typedef struct oc_slice {
  const char *ptr;
  size_t len;
} oc_slice;

typedef struct oc_host oc_host;

/* One call of a JSON tool. Owner: the host. Lifetime: until the tool returns. */
typedef struct oc_call {
  uint32_t size;       /* of this struct, as the host knows it */
  uint32_t flags;      /* 0 in 1.0; ignore bits you do not know */
  const oc_host *host; /* never null */
  void *state;         /* what oc_open_v1 stored, else null */
  oc_slice args;       /* the arguments: a JSON object, valid UTF-8, checked against the manifest */
  int64_t deadline;    /* milliseconds since 1970 at which the host gives up and kills; 0 means none */
  oc_slice id;         /* the same text for every attempt at this call: recognise a repeat by it */
} oc_call;

/* What the host offers. Owner: the host. Lifetime: from oc_open_v1 (or the first call) until the process ends. */
struct oc_host {
  uint32_t size;  /* of this struct, as the host knows it */
  uint32_t major; /* OC_ABI_MAJOR of the host */
  uint32_t minor; /* OC_ABI_MINOR of the host */
  uint32_t flags; /* 0 in 1.0; ignore bits you do not know */

  /* Adds a piece to the reply. All pieces together must be one JSON value. Copied at once. No piece at all means `null`.
   * Returns OC_OK, or OC_TOO_LARGE (then and from then on nothing more is taken). Thread: the call's. */
  oc_status (*reply)(const oc_call *call, oc_slice piece);

  /* Says why the call fails, in UTF-8 for people, at most 4096 bytes (the rest is cut). Copied at once; a second message
   * replaces the first. Returns `code`, so that a tool can write `return call->host->fail(...)`; the call fails with
   * the code that the tool returns. A code of 0 or below becomes OC_INTERNAL. Thread: the call's. */
  oc_status (*fail)(const oc_call *call, oc_status code, oc_slice message);

  /* Asks the host for a capability, with a JSON object. See the list at the end of this file. On OC_OK `*answer`
   * is JSON; otherwise it is a text that says why not. It lives until the next request or the end of the call.
   * `answer` may be null. Returns OC_OK, OC_BAD_ARGUMENT, OC_DENIED (no grant, or a read tool asks to write),
   * OC_NOT_FOUND, OC_UNAVAILABLE, OC_CANCELLED, OC_DEADLINE, OC_TOO_LARGE or OC_INTERNAL. Thread: the call's. */
  oc_status (*request)(const oc_call *call, oc_slice name, oc_slice json, oc_slice *answer);

  /* True once the caller gave up or the deadline has passed; shortly after that the process is killed.
   * Costs no system call: ask often. Thread: any. */
  bool (*cancelled)(const oc_call *call);

  /* Writes one line of UTF-8 to the host's log, at most 4096 bytes (the rest is cut), limited in rate. Copied at once.
   * May be used from oc_open_v1 and typed tools with the host that oc_open_v1 was given. Thread: the call's. */
  void (*log)(const oc_host *host, oc_level level, oc_slice line);
};

/* ---- What a skill defines. ---- */

#ifdef __cplusplus
#define OC_EXPORT extern "C" __attribute__((visibility("default"), used))
#else
#define OC_EXPORT __attribute__((visibility("default"), used))
#endif

/* The type of the function behind a JSON tool. Returns OC_OK, or the code with which the call fails. */
typedef oc_status (*oc_json_tool)(const oc_call *call);

/* Optional, OC_EXPORT oc_status oc_open_v1(const oc_host *host, void **state): called once, before any tool.
 * Whatever it stores in `*state` comes back in each oc_call. Any other code than OC_OK refuses the skill. */
typedef oc_status (*oc_open_function)(const oc_host *host, void **state);

/* Optional, OC_EXPORT void oc_close_v1(void *state): called after the last call, but not when the process is killed.
 * Not a place to save anything. */
typedef void (*oc_close_function)(void *state);

/* The manifest note: owner "openclaw", this type, JSON that may be followed by NUL bytes. */
#define OC_NOTE_OWNER "openclaw"
#define OC_NOTE_SECTION ".note.openclaw.skill"
#define OC_NOTE_TYPE ((uint32_t)0x4f435331)
#define OC_MANIFEST_MAX ((uint32_t)65536)

/* Makes a string literal of JSON that is written as it is, over as many lines as it takes. */
#define OC_JSON(...) #__VA_ARGS__

/* OC_SKILL_MANIFEST("…json…") puts the manifest into the library. Use it once, at file scope, in C or C++. */
#define OC_SKILL_MANIFEST(json)                                                                                        \
  static const struct {                                                                                                \
    uint32_t owner_size, text_size, type;                                                                              \
    char owner[12];                                                                                                    \
    char text[(sizeof(json) + 3) / 4 * 4];                                                                             \
  } oc_manifest_note __attribute__((section(OC_NOTE_SECTION), aligned(4), used)) = {                                   \
      sizeof(OC_NOTE_OWNER), sizeof(json), OC_NOTE_TYPE, OC_NOTE_OWNER, json}

/* ---- Helpers. Nothing below is part of the binary interface: it is compiled into the skill. ---- */

static inline oc_slice oc_text(const char *text) {
  oc_slice slice = {text, text ? strlen(text) : 0};
  return slice;
}

static inline oc_slice oc_bytes(const char *ptr, size_t len) {
  oc_slice slice = {ptr, len};
  return slice;
}

static inline oc_status oc_reply(const oc_call *call, oc_slice piece) { return call->host->reply(call, piece); }

static inline oc_status oc_reply_text(const oc_call *call, const char *json) { return oc_reply(call, oc_text(json)); }

static inline oc_status oc_fail(const oc_call *call, oc_status code, const char *message) {
  return call->host->fail(call, code, oc_text(message));
}

static inline bool oc_cancelled(const oc_call *call) { return call->host->cancelled(call); }

static inline void oc_log(const oc_host *host, oc_level level, const char *line) { host->log(host, level, oc_text(line)); }

static inline oc_status oc_request(const oc_call *call, const char *name, oc_slice json, oc_slice *answer) {
  return call->host->request(call, oc_text(name), json, answer);
}

/* The capabilities of 1.0 and what they take and give. A capability that is not granted answers OC_DENIED.
 *
 *   clock        {}                          {"unix_ms":n}                              no scope needed
 *   kv.get       {"key":k}                   the stored JSON value; OC_NOT_FOUND        kv:read
 *   kv.put       {"key":k,"value":any}       null; OC_TOO_LARGE past the quota          kv:write
 *   kv.delete    {"key":k}                   null, also when there was nothing          kv:write
 *   kv.list      {"prefix":p,"limit":n}      {"entries":[{"key":k,"value":any},…]}      kv:read
 *   log          {"level":l,"line":t}        null; l is debug, info, warning or error   no scope needed
 *   chat.send    {"text":t}                  null; to the chat that the call came from  chat:send
 *   secret.use   {"name":n,"hmac":"sha256" or "sha1","text":t}   {"hex":h}              secret:n
 *   http.fetch   {"method":m,"url":u,"headers":{…},"body":t,"secrets":{…}}              http:m u, secret:n
 *                    {"status":n,"headers":{…},"body":t}
 *
 * http.fetch is performed by the host. Headers are an object of strings; those of the answer have lower-case names. A body
 * is a text, or "body_base64" where it is none, in both directions. "secrets" is like "headers", but {name} in a value
 * stands for a secret that the skill never sees: {"Authorization":"Bearer {weather}"}. Any status of the server is OC_OK.
 * A body has at most 1 MiB. Everything but kv, log and clock waits for the operator's grant.
 *
 * A key has 1 to 512 bytes, belongs to this skill alone and survives a reload. A list is in key order; its limit is 1 to
 * 1000. The helpers below take only keys of at most OC_KEY_MAX characters from A-Z a-z 0-9 . _ : / - and refuse others with
 * OC_BAD_ARGUMENT, which lets them build their JSON without escaping. */
#define OC_KEY_MAX 128

static inline bool oc_key_is_valid(const char *key) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-";
  size_t length = key ? strlen(key) : 0;
  return length > 0 && length <= OC_KEY_MAX && strspn(key, allowed) == length;
}

/* Sends {"key":"…"} to a capability that takes nothing else. */
static inline oc_status oc_kv_request(const oc_call *call, const char *name, const char *key, oc_slice *answer) {
  char json[OC_KEY_MAX + 16] = "{\"key\":\"";
  if (answer) *answer = oc_text("");
  if (!oc_key_is_valid(key)) return OC_BAD_ARGUMENT;
  strcat(json, key);
  strcat(json, "\"}");
  return oc_request(call, name, oc_text(json), answer);
}

static inline oc_status oc_kv_get(const oc_call *call, const char *key, oc_slice *value) {
  return oc_kv_request(call, "kv.get", key, value);
}

static inline oc_status oc_kv_delete(const oc_call *call, const char *key) {
  return oc_kv_request(call, "kv.delete", key, NULL);
}

/* Stores a JSON value of at most OC_KV_PUT_MAX bytes; use oc_request for longer ones. */
#define OC_KV_PUT_MAX 3840

static inline oc_status oc_kv_put(const oc_call *call, const char *key, oc_slice value) {
  char json[OC_KEY_MAX + OC_KV_PUT_MAX + 32] = "{\"key\":\"";
  size_t used;
  if (!oc_key_is_valid(key)) return OC_BAD_ARGUMENT;
  if (value.len == 0) return OC_BAD_ARGUMENT;
  if (value.len > OC_KV_PUT_MAX) return OC_TOO_LARGE;
  strcat(json, key);
  strcat(json, "\",\"value\":");
  used = strlen(json);
  memcpy(json + used, value.ptr, value.len);
  json[used + value.len] = '}';
  return oc_request(call, "kv.put", oc_bytes(json, used + value.len + 1), NULL);
}

/* Writes `text`, which must be UTF-8, as a JSON string with its quotes and ends it with NUL. Returns the length without the
 * NUL, or 0 when it might not fit: 6 * text.len + 10 bytes are always enough. */
static inline size_t oc_json_quote(char *buffer, size_t size, oc_slice text) {
  static const char digits[] = "0123456789abcdef";
  size_t used = 0, index;
  if (size < 10) return 0;
  buffer[used++] = '"';
  for (index = 0; index < text.len; index++) {
    unsigned char byte = (unsigned char)text.ptr[index];
    if (size - used < 8) return 0; /* the longest escape, the quote and the NUL */
    if (byte == '"' || byte == '\\') {
      buffer[used++] = '\\';
      buffer[used++] = (char)byte;
    } else if (byte < 0x20) {
      memcpy(buffer + used, "\\u00", 4);
      buffer[used + 4] = digits[byte >> 4];
      buffer[used + 5] = digits[byte & 15];
      used += 6;
    } else {
      buffer[used++] = (char)byte;
    }
  }
  buffer[used++] = '"';
  buffer[used] = 0;
  return used;
}

/* Asks a capability with `before`, `text` as a JSON string, and `after`. */
static inline oc_status oc_text_request(const oc_call *call, const char *name, const char *before, const char *text,
                                        const char *after, oc_slice *answer) {
  char json[8192];
  size_t used = strlen(before), quoted;
  if (answer) *answer = oc_text("");
  if (!text) return OC_BAD_ARGUMENT;
  memcpy(json, before, used);
  quoted = oc_json_quote(json + used, sizeof json - used - 64, oc_text(text));
  if (quoted == 0) return OC_TOO_LARGE;
  memcpy(json + used + quoted, after, strlen(after) + 1);
  return oc_request(call, name, oc_text(json), answer);
}

/* GET without headers; `*answer` is {"status":n,"headers":{…},"body":t}. URLs of at most about 4000 characters. */
static inline oc_status oc_http_get(const oc_call *call, const char *url, oc_slice *answer) {
  return oc_text_request(call, "http.fetch", "{\"method\":\"GET\",\"url\":", url, "}", answer);
}

/* A message to the chat that the call came from, of at most about 8000 bytes; use oc_request for longer ones. */
static inline oc_status oc_chat_send(const oc_call *call, const char *text) {
  return oc_text_request(call, "chat.send", "{\"text\":", text, "}", NULL);
}

#ifdef __cplusplus
}
#endif

#endif
