// A C++ exception that leaves a tool ends the process.
#include <stdexcept>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.throws",
  "version": "1.0.0",
  "tools": [
    {"name": "cxx.throw", "summary": "Throws", "symbol": "throw_now", "effect": "read", "call": "i32(n:i32)"},
    {"name": "cxx.catch", "summary": "Throws and catches", "symbol": "catch_now", "effect": "read", "call": "i32(n:i32)"}
  ]
}));

OC_EXPORT int32_t throw_now(int32_t n) {
  if (n >= 0) throw std::runtime_error("left the tool");
  return n;
}

OC_EXPORT int32_t catch_now(int32_t n) {
  try {
    return throw_now(n);
  } catch (const std::exception &) {
    return 42;
  }
}
