/* skill_frames.h: the messages between the host and its runner child.
 *
 * One SOCK_SEQPACKET packet is one frame: a header and at most OC_FRAME_PAYLOAD_MAX bytes of payload, in native byte
 * order. A message longer than one frame continues in frames of the same kind and call; OC_FRAME_MORE is set on
 * all of them but the last, and only the first begins with the struct of its kind. Sizes must add up exactly.
 *
 * In the runner's descriptor table: 0 /dev/null, 1 and 2 the log pipe, and the OC_FD_* below. Everything else is closed.
 *
 *   host to runner    IMAGE once; CALL, then an ANSWER for each REQUEST
 *   runner to host    HELLO once the sandbox is closed, LOADED once the image is; in place of either LOAD_FAILED and the end;
 *                     for each call any PIECE, REQUEST, LOG, then one RETURN
 *
 * The host sends the image only to a runner that has said hello: what a hello tells was said before any code of a skill ran.
 *
 * Both sides check everything they read and treat a violation as the other side's death.
 */
#ifndef OPENCLAW_SKILL_FRAMES_H
#define OPENCLAW_SKILL_FRAMES_H

#include <stdint.h>

#define OC_FD_RPC ((int32_t)3)    /* the socket */
#define OC_FD_IMAGE ((int32_t)4)  /* sealed memfd with the library; an empty file until IMAGE has come */
#define OC_FD_EMPTY ((int32_t)5)  /* an empty file, readable */
#define OC_FD_CANCEL ((int32_t)6) /* shared memfd of at least 8 bytes: oc_cancel_page */

#define OC_FRAME_MAX ((uint32_t)65536)
#define OC_FRAME_HEADER_SIZE ((uint32_t)16)
#define OC_FRAME_PAYLOAD_MAX ((uint32_t)65520)

#define OC_FRAME_MORE ((uint16_t)1)

#define OC_FRAME_CALL ((uint16_t)1)
#define OC_FRAME_ANSWER ((uint16_t)2)
#define OC_FRAME_IMAGE ((uint16_t)3) /* no payload; the packet carries one descriptor, the image (SCM_RIGHTS) */
#define OC_FRAME_HELLO ((uint16_t)16)
#define OC_FRAME_LOAD_FAILED ((uint16_t)17) /* payload: what failed, UTF-8 */
#define OC_FRAME_PIECE ((uint16_t)18)       /* payload: a piece of a JSON tool's reply; never with MORE */
#define OC_FRAME_RETURN ((uint16_t)19)
#define OC_FRAME_REQUEST ((uint16_t)20)
#define OC_FRAME_LOG ((uint16_t)21)
#define OC_FRAME_LOADED ((uint16_t)22) /* no payload */

/* Longest message of each kind that the runner takes or sends, all frames together, without the structs below. */
#define OC_SYMBOL_MAX ((uint32_t)255)
#define OC_SIGNATURE_MAX ((uint32_t)1023)
#define OC_KEY_TEXT_MAX ((uint32_t)255)
#define OC_ARGS_MAX ((uint32_t)4194304)
#define OC_ANSWER_MAX ((uint32_t)4194304)
#define OC_REQUEST_NAME_MAX ((uint32_t)64)
#define OC_REQUEST_JSON_MAX ((uint32_t)4194304)
#define OC_REPLY_MAX ((uint32_t)4194304)
#define OC_MESSAGE_MAX ((uint32_t)4096) /* fail messages and log lines */

typedef struct oc_frame_header {
  uint16_t kind;
  uint16_t flags;
  uint32_t length; /* of the payload in this frame */
  uint64_t call;   /* id of the call in flight, never 0; 0 outside a call */
} oc_frame_header;

/* CALL: this, then symbol, signature (length 0: a JSON tool), key and args, each without terminator.
 *
 * Typed arguments are packed: one 8-byte slot for each parameter, then the bytes of the strings. A number is its bits
 * (f32 and all 32-bit integers in the low 4 bytes; integers sign- or zero-extended; bool 0 or 1). A str is an
 * oc_packed_text whose offset counts from the end of the slots; the byte after its last one must be NUL and none
 * of its own may be. */
typedef struct oc_frame_call {
  uint16_t symbol_len;
  uint16_t signature_len;
  uint32_t args_len;
  int64_t deadline_unix_ms; /* 0: none */
  uint16_t key_len;         /* the call's idempotency key, oc_call.id */
  uint16_t zero[3];
} oc_frame_call;

typedef struct oc_packed_text {
  uint32_t offset;
  uint32_t length;
} oc_packed_text;

/* ANSWER: this, then the answer: JSON when status is 0, else the reason. */
typedef struct oc_frame_answer {
  int32_t status;
  uint32_t zero;
} oc_frame_answer;

typedef struct oc_frame_hello {
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t protections; /* OC_PROTECTION_* that are in force */
  uint32_t landlock_abi;
} oc_frame_hello;

#define OC_PROTECTION_NO_NEW_PRIVS ((uint32_t)1)
#define OC_PROTECTION_LIMITS ((uint32_t)2)
#define OC_PROTECTION_SECCOMP ((uint32_t)4)
#define OC_PROTECTION_LANDLOCK ((uint32_t)8)
#define OC_PROTECTION_NO_CAPABILITIES ((uint32_t)16)
#define OC_PROTECTION_NOT_DUMPABLE ((uint32_t)32)
#define OC_PROTECTION_UNUSED_USER ((uint32_t)64) /* runs as an unused uid, because it was started by root */
#define OC_PROTECTION_USER_NAMESPACE ((uint32_t)128)
#define OC_PROTECTION_CHROOT ((uint32_t)256)

/* RETURN: this, then text_len bytes: the result when status is 0 and the type str, the reason when status is not 0. */
typedef struct oc_frame_return {
  int32_t status;
  uint32_t value_type; /* OC_TYPE_*; OC_TYPE_NONE after a JSON tool or a failure */
  uint64_t value_bits; /* as in a slot; 0 for str */
  uint32_t text_len;
  uint32_t zero;
} oc_frame_return;

#define OC_TYPE_NONE ((uint32_t)0)
#define OC_TYPE_I32 ((uint32_t)1)
#define OC_TYPE_I64 ((uint32_t)2)
#define OC_TYPE_U32 ((uint32_t)3)
#define OC_TYPE_U64 ((uint32_t)4)
#define OC_TYPE_F32 ((uint32_t)5)
#define OC_TYPE_F64 ((uint32_t)6)
#define OC_TYPE_BOOL ((uint32_t)7)
#define OC_TYPE_STR ((uint32_t)8)

/* REQUEST: this, then name and JSON, each without terminator. */
typedef struct oc_frame_request {
  uint16_t name_len;
  uint16_t zero;
  uint32_t json_len;
} oc_frame_request;

/* LOG: this, then the line. */
typedef struct oc_frame_log {
  uint32_t level; /* OC_LOG_* */
} oc_frame_log;

/* Written by the host alone, which seals the memfd against further writable mappings once it has its own. */
typedef struct oc_cancel_page {
  uint64_t call; /* id of the call being cancelled; 0: none. Accessed atomically. */
} oc_cancel_page;

#endif
