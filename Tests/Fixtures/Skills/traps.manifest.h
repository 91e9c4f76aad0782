OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.traps",
  "version": "1.0.0",
  "tools": [
    {"name": "swift.trap", "summary": "Reads past the end of an array", "symbol": "trap_now", "effect": "read", "call": "i32(n:i32)"},
    {"name": "swift.fine", "summary": "42", "symbol": "swift_fine", "effect": "read", "call": "i32()"}
  ]
}));
