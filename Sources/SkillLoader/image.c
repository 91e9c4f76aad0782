/* Opening libraries, finding functions, and the host table that JSON tools see. */
#include "image.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- The host table ---- */

static oc_image *image_of(const oc_host *host) { return (oc_image *)(uintptr_t)host; }

/* Only the thread inside the skill may talk to the host, and only while it is inside. */
static bool may_speak(const oc_image *image) {
  return image->is_calling && pthread_equal(image->caller, pthread_self());
}

static oc_slice cut(oc_slice text) {
  if (text.ptr == NULL) return (oc_slice){"", 0};
  if (text.len <= OC_MESSAGE_MAX) return text;
  size_t len = OC_MESSAGE_MAX;
  while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) len--;  /* not inside a character */
  return (oc_slice){text.ptr, len};
}

static oc_status host_reply(const oc_call *call, oc_slice piece) {
  oc_image *image = image_of(call->host);
  if (!may_speak(image)) return OC_INTERNAL;
  if (piece.len == 0) return OC_OK;
  return image->door.reply(image->door.context, image->invocation.call, piece);
}

static oc_status host_fail(const oc_call *call, oc_status code, oc_slice message) {
  oc_image *image = image_of(call->host);
  if (may_speak(image)) {
    message = cut(message);
    memcpy(image->message, message.ptr, message.len);
    image->message_len = message.len;
  }
  return code > OC_OK ? code : OC_INTERNAL;
}

static oc_status host_request(const oc_call *call, oc_slice name, oc_slice json, oc_slice *answer) {
  oc_image *image = image_of(call->host);
  oc_slice ignored;
  if (answer == NULL) answer = &ignored;
  *answer = (oc_slice){"", 0};
  if (!may_speak(image)) return OC_INTERNAL;
  if (name.len == 0 || name.len > OC_REQUEST_NAME_MAX) return OC_BAD_ARGUMENT;
  if (json.len > OC_REQUEST_JSON_MAX) return OC_TOO_LARGE;
  return image->door.request(image->door.context, image->invocation.call, name, json, answer);
}

static bool host_cancelled(const oc_call *call) {
  oc_image *image = image_of(call->host);
  struct timespec now;
  if (image->door.cancelled(image->door.context, image->invocation.call)) return true;
  if (image->invocation.deadline_unix_ms == 0) return false;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 >= image->invocation.deadline_unix_ms;
}

static void host_log(const oc_host *host, oc_level level, oc_slice line) {
  oc_image *image = image_of(host);
  if (!may_speak(image)) return;
  image->door.log(image->door.context, level > OC_LOG_ERROR ? OC_LOG_ERROR : level, cut(line));
}

static const oc_host host_table = {
    .size = sizeof(oc_host),
    .major = OC_ABI_MAJOR,
    .minor = OC_ABI_MINOR,
    .reply = host_reply,
    .fail = host_fail,
    .request = host_request,
    .cancelled = host_cancelled,
    .log = host_log,
};

/* ---- Images ---- */

oc_image *oc_image_open_path(const char *path, char *error, size_t error_size) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == NULL) {
    const char *why = dlerror();
    snprintf(error, error_size, "%s", why ? why : "dlopen failed");
    return NULL;
  }
  oc_image *image = calloc(1, sizeof *image);
  if (image == NULL) {
    snprintf(error, error_size, "out of memory");
    return NULL;
  }
  image->library = library;
  image->host = host_table;
  image->call.size = sizeof(oc_call);
  image->call.host = &image->host;
  return image;
}

oc_image *oc_image_open_fd(int fd, char *error, size_t error_size) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return oc_image_open_path(path, error, error_size);
}

oc_status oc_image_start(oc_image *image, const oc_door *door, char *error, size_t error_size) {
  if (image->is_started) {
    snprintf(error, error_size, "the image was started before");
    return OC_CONFLICT;
  }
  image->door = *door;
  image->is_started = true;

  void *address = dlsym(image->library, "oc_open_v1");
  if (address == NULL) return OC_OK;
  oc_open_function open;
  memcpy(&open, &address, sizeof open);

  image->caller = pthread_self();
  image->is_calling = true;
  oc_status status = open(&image->host, &image->state);
  image->is_calling = false;
  image->call.state = image->state;
  if (status == OC_OK) return OC_OK;
  image->is_started = false;
  snprintf(error, error_size, "oc_open_v1 returned %d", status);
  return status > OC_OK ? status : OC_INTERNAL;
}

static void binding_free(oc_binding *binding) {
  free(binding->symbol);
  free(binding->signature_text);
  free(binding);
}

void oc_image_close(oc_image *image) {
  if (image == NULL) return;
  void *address = image->is_started ? dlsym(image->library, "oc_close_v1") : NULL;
  if (address != NULL) {
    oc_close_function close;
    memcpy(&close, &address, sizeof close);
    close(image->state);
  }
  while (image->bindings != NULL) {
    oc_binding *next = image->bindings->next;
    binding_free(image->bindings);
    image->bindings = next;
  }
  free(image);
}

/* ---- Bindings ---- */

static ffi_type *ffi_type_of(uint32_t type) {
  switch (type) {
    case OC_TYPE_I32: return &ffi_type_sint32;
    case OC_TYPE_I64: return &ffi_type_sint64;
    case OC_TYPE_U32: return &ffi_type_uint32;
    case OC_TYPE_U64: return &ffi_type_uint64;
    case OC_TYPE_F32: return &ffi_type_float;
    case OC_TYPE_F64: return &ffi_type_double;
    case OC_TYPE_BOOL: return &ffi_type_uint8;
    default: return &ffi_type_pointer;
  }
}

static bool equals(const char *text, oc_slice slice) {
  return strlen(text) == slice.len && memcmp(text, slice.ptr, slice.len) == 0;
}

static oc_binding *find(oc_image *image, oc_slice symbol, oc_slice signature) {
  for (oc_binding *b = image->bindings; b != NULL; b = b->next)
    if (equals(b->symbol, symbol) && equals(b->signature_text, signature)) return b;
  return NULL;
}

/* Parses the signature, prepares the call and finds the function. */
static bool prepare(oc_binding *binding, oc_slice signature, char *error, size_t error_size) {
  if (signature.len > 0) {
    if (signature_parse(signature, &binding->signature, error, error_size) != OC_OK) return false;
    for (uint32_t i = 0; i < binding->signature.count; i++)
      binding->types[i] = ffi_type_of(binding->signature.parameters[i]);
    if (ffi_prep_cif(&binding->cif, FFI_DEFAULT_ABI, binding->signature.count, ffi_type_of(binding->signature.result),
                     binding->types) != FFI_OK) {
      snprintf(error, error_size, "libffi refuses the signature `%s`", binding->signature_text);
      return false;
    }
  }
  binding->function = dlsym(binding->image->library, binding->symbol);
  if (binding->function == NULL) snprintf(error, error_size, "the library exports no `%s`", binding->symbol);
  return binding->function != NULL;
}

oc_binding *oc_image_bind(oc_image *image, oc_slice symbol, oc_slice signature, char *error, size_t error_size) {
  if (symbol.len == 0 || symbol.len > OC_SYMBOL_MAX || memchr(symbol.ptr, 0, symbol.len) != NULL) {
    snprintf(error, error_size, "a symbol has 1 to %u bytes and no NUL", OC_SYMBOL_MAX);
    return NULL;
  }
  if (signature.len == 0) signature.ptr = "";
  oc_binding *binding = find(image, symbol, signature);
  if (binding != NULL) return binding;

  binding = calloc(1, sizeof *binding);
  if (binding != NULL) {
    binding->image = image;
    binding->symbol = strndup(symbol.ptr, symbol.len);
    binding->signature_text = strndup(signature.ptr, signature.len);
  }
  if (binding == NULL || binding->symbol == NULL || binding->signature_text == NULL) {
    snprintf(error, error_size, "out of memory");
  } else if (prepare(binding, signature, error, error_size)) {
    binding->next = image->bindings;
    image->bindings = binding;
    return binding;
  }
  if (binding != NULL) binding_free(binding);
  return NULL;
}

uint32_t oc_binding_parameter_count(const oc_binding *binding) { return binding->signature.count; }
