OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.test.panics",
  "version": "1.0.0",
  "tools": [
    {"name": "rust.panic", "summary": "Panics", "symbol": "panic_now", "effect": "read", "call": "i32()"},
    {"name": "rust.fine", "summary": "42", "symbol": "fine", "effect": "read", "call": "i32()"}
  ]
}));
