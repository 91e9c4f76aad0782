/* Parses `f64(x:f64,unit:str,n:i32)`. No spaces, so that one signature has one spelling. */
#include "signature.h"

#include <stdio.h>

static const struct {
  const char *name;
  uint32_t type;
} types[] = {
    {"i32", OC_TYPE_I32}, {"i64", OC_TYPE_I64}, {"u32", OC_TYPE_U32},   {"u64", OC_TYPE_U64},
    {"f32", OC_TYPE_F32}, {"f64", OC_TYPE_F64}, {"bool", OC_TYPE_BOOL}, {"str", OC_TYPE_STR},
};

typedef struct cursor {
  const char *at;
  const char *end;
} cursor;

static bool is_name_byte(char c, bool first) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}

static oc_slice take_name(cursor *c) {
  const char *start = c->at;
  while (c->at < c->end && is_name_byte(*c->at, c->at == start)) c->at++;
  return (oc_slice){start, (size_t)(c->at - start)};
}

static bool take(cursor *c, char expected) {
  if (c->at == c->end || *c->at != expected) return false;
  c->at++;
  return true;
}

static bool equal(oc_slice a, oc_slice b) { return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0; }

static uint32_t take_type(cursor *c) {
  oc_slice name = take_name(c);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (equal(name, oc_text(types[i].name))) return types[i].type;
  return OC_TYPE_NONE;
}

/* Where and why parsing stopped. */
static oc_status refuse(oc_slice text, const cursor *c, const char *why, char *error, size_t error_size) {
  int shown = text.len > 200 ? 200 : (int)text.len;
  snprintf(error, error_size, "signature `%.*s`, byte %zu: %s", shown, text.ptr, (size_t)(c->at - text.ptr), why);
  return OC_BAD_ARGUMENT;
}

oc_status signature_parse(oc_slice text, signature *parsed, char *error, size_t error_size) {
  static const char *const type_expected = "one of the types i32 i64 u32 u64 f32 f64 bool str is expected before here";
  cursor c = {text.ptr, text.ptr + text.len};
  oc_slice names[OC_PARAMETERS_MAX];

  *parsed = (signature){0};
  if (text.len == 0 || text.len > OC_SIGNATURE_MAX) {
    snprintf(error, error_size, "a signature has 1 to %u bytes, not %zu", OC_SIGNATURE_MAX, text.len);
    return OC_BAD_ARGUMENT;
  }
  parsed->result = take_type(&c);
  if (parsed->result == OC_TYPE_NONE) return refuse(text, &c, type_expected, error, error_size);
  if (!take(&c, '(')) return refuse(text, &c, "`(` is expected", error, error_size);

  while (!take(&c, ')')) {
    if (parsed->count > 0 && !take(&c, ',')) return refuse(text, &c, "`,` or `)` is expected", error, error_size);
    if (parsed->count == OC_PARAMETERS_MAX) return refuse(text, &c, "more than 16 parameters", error, error_size);
    oc_slice name = take_name(&c);
    if (name.len == 0 || name.len > 64) return refuse(text, &c, "a name of 1 to 64 letters is expected", error, error_size);
    for (uint32_t i = 0; i < parsed->count; i++)
      if (equal(names[i], name)) return refuse(text, &c, "two parameters have this name", error, error_size);
    if (!take(&c, ':')) return refuse(text, &c, "`:` is expected", error, error_size);
    uint32_t type = take_type(&c);
    if (type == OC_TYPE_NONE) return refuse(text, &c, type_expected, error, error_size);
    names[parsed->count] = name;
    parsed->parameters[parsed->count++] = type;
  }
  if (c.at != c.end) return refuse(text, &c, "nothing may follow `)`", error, error_size);
  return OC_OK;
}

oc_status oc_signature_check(oc_slice text, char *error, size_t error_size) {
  signature parsed;
  return signature_parse(text, &parsed, error, error_size);
}
