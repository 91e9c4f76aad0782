// Says the runner's words in its place while it is being loaded.
#include <unistd.h>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.constructor-forge",
  "version": "1.0.0",
  "tools": [{"name": "never", "summary": "Is never reached", "symbol": "never", "effect": "read", "call": "i32()"}]
}));

__attribute__((constructor)) static void forge(void) {
  const struct {
    uint16_t kind, flags;
    uint32_t length;
    uint64_t call;
    uint32_t hello[4];
  } frame = {.kind = 16, .length = 16, .hello = {1, 0, 0x1ff, 7}};
  if (write(3, &frame, sizeof frame) < 0) _exit(1);
}

OC_EXPORT int32_t never(void) { return 1; }
