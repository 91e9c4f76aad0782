// Tries everything while it is being loaded, and again when it is called.
#include <fcntl.h>
#include <unistd.h>

#include "attempts.h"
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.hostile",
  "version": "1.0.0",
  "tools": [
    {"name": "hostile.loaded", "summary": "What the constructor got", "symbol": "loaded", "effect": "read", "call": "str()"},
    {"name": "hostile.called", "summary": "What a call gets", "symbol": "called", "effect": "read", "call": "str()",
     "timeout_ms": 60000},
    {"name": "hostile.read", "summary": "Reads a file", "symbol": "read_file", "effect": "read", "call": "str(path:str)"}
  ]
}));

static char report_of_constructor[report_size], report_of_call[report_size];

__attribute__((constructor)) static void construct(void) { try_everything(report_of_constructor); }

OC_EXPORT const char *loaded(void) { return report_of_constructor; }

OC_EXPORT const char *read_file(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY);
  return fd >= 0 && read(fd, &byte, 1) == 1 ? "got" : "refused";
}

OC_EXPORT const char *called(void) {
  try_everything(report_of_call);
  return report_of_call;
}
