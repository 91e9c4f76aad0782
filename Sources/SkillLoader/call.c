/* Calling a bound function. */
#include "image.h"

static void fail(oc_result *result, oc_status status, const char *why) {
  *result = (oc_result){.status = status, .type = OC_TYPE_NONE, .text = oc_text(why)};
}

/* ---- Typed tools ---- */

/* One argument as libffi wants it: the slot itself, or for a str a pointer to its bytes. */
static void *argument(uint32_t type, char *slot, oc_slice texts, const char **text, const char **why) {
  if (type == OC_TYPE_STR) {
    oc_packed_text packed;
    memcpy(&packed, slot, sizeof packed);
    if ((uint64_t)packed.offset + packed.length >= texts.len) return *why = "a packed str lies outside the arguments", NULL;
    *text = texts.ptr + packed.offset;
    if ((*text)[packed.length] != 0) return *why = "a packed str is not ended by NUL", NULL;
    if (memchr(*text, 0, packed.length) != NULL) return *why = "a str contains NUL", NULL;
    return text;
  }
  if (type == OC_TYPE_BOOL) {
    uint64_t bits;
    memcpy(&bits, slot, sizeof bits);
    if (bits > 1) return *why = "a packed bool is neither 0 nor 1", NULL;
  }
  return slot;
}

/* What ffi_call writes: integers narrower than a register come back as a whole one. */
typedef union outcome {
  ffi_arg narrow;
  uint64_t wide;
  float f32;
  double f64;
  const char *text;
} outcome;

static void read_outcome(uint32_t type, const outcome *outcome, oc_result *result) {
  *result = (oc_result){.status = OC_OK, .type = type};
  switch (type) {
    case OC_TYPE_I32: result->bits = (uint64_t)(int64_t)(int32_t)outcome->narrow; break;
    case OC_TYPE_U32: result->bits = (uint32_t)outcome->narrow; break;
    case OC_TYPE_BOOL: result->bits = (uint8_t)outcome->narrow != 0; break;
    case OC_TYPE_F32: memcpy(&result->bits, &outcome->f32, sizeof outcome->f32); break;
    case OC_TYPE_F64: memcpy(&result->bits, &outcome->f64, sizeof outcome->f64); break;
    case OC_TYPE_STR:
      if (outcome->text == NULL) fail(result, OC_INTERNAL, "the tool returned a null str");
      else result->text = oc_text(outcome->text);
      break;
    default: result->bits = outcome->wide;
  }
}

static void call_typed(oc_binding *binding, oc_slice args, oc_result *result) {
  const signature *signature = &binding->signature;
  size_t slots = (size_t)signature->count * 8;
  void *values[OC_PARAMETERS_MAX];
  const char *texts[OC_PARAMETERS_MAX];
  const char *why = NULL;
  outcome outcome = {0};

  if (args.len < slots) return fail(result, OC_BAD_ARGUMENT, "the packed arguments are shorter than the signature");
  if ((uintptr_t)args.ptr % 8 != 0) return fail(result, OC_BAD_ARGUMENT, "the packed arguments are not aligned");
  for (uint32_t i = 0; i < signature->count; i++) {
    char *slot = (char *)(uintptr_t)args.ptr + i * 8;
    values[i] = argument(signature->parameters[i], slot, oc_bytes(args.ptr + slots, args.len - slots), &texts[i], &why);
    if (values[i] == NULL) return fail(result, OC_BAD_ARGUMENT, why);
  }
  ffi_call(&binding->cif, FFI_FN(binding->function), &outcome, values);
  read_outcome(signature->result, &outcome, result);
}

/* ---- JSON tools ---- */

static void call_json(oc_binding *binding, oc_slice args, const oc_invocation *invocation, oc_result *result) {
  oc_image *image = binding->image;
  oc_json_tool tool;
  memcpy(&tool, &binding->function, sizeof tool);

  image->call.args = args;
  image->call.deadline = invocation->deadline_unix_ms;
  image->call.id = invocation->id;
  image->message_len = 0;
  oc_status status = tool(&image->call);

  *result = (oc_result){.status = status > OC_OK ? status : OC_OK};
  if (status == OC_OK) return;
  if (status < OC_OK) return fail(result, OC_INTERNAL, "the tool returned a negative code");
  result->text = image->message_len > 0 ? oc_bytes(image->message, image->message_len)
                                        : oc_text("the tool failed and did not say why");
}

void oc_binding_call(oc_binding *binding, oc_slice args, const oc_invocation *invocation, oc_result *result) {
  oc_image *image = binding->image;
  if (!image->is_started) return fail(result, OC_INTERNAL, "the image has not been started");
  if (image->is_calling) return fail(result, OC_CONFLICT, "the image is already in a call");
  image->invocation = *invocation;
  image->caller = pthread_self();
  image->is_calling = true;
  if (binding->signature_text[0] == 0) call_json(binding, args, invocation, result);
  else call_typed(binding, args, result);
  image->is_calling = false;
}
