// The smallest skill: one typed tool. `/echo hello  world` answers `hello  world`.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.echo",
  "version": "1.0.0",
  "tools": [{
    "name": "echo",
    "summary": "Repeats a text exactly",
    "symbol": "echo",
    "effect": "read",
    "call": "str(text:str)",
    "rest": "text",
    "parameters": {"type": "object", "properties": {"text": {"type": "string", "description": "What to repeat"}}}
  }]
}));

OC_EXPORT const char *echo(const char *text) { return text; }
