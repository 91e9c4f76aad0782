// The manifest of tickets.swift. A Swift package cannot write an ELF note by itself, so these lines are C.
#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.tickets",
  "version": "1.0.0",
  "scopes": ["kv:read", "kv:write"],
  "tools": [{
    "name": "tickets.create",
    "summary": "Opens a ticket",
    "symbol": "tickets_create",
    "effect": "write",
    "scopes": ["kv:read", "kv:write"],
    "call": "json",
    "parameters": {
      "type": "object",
      "properties": {
        "title": {"type": "string", "description": "What is wrong", "minLength": 1, "maxLength": 200},
        "priority": {"type": "integer", "description": "1 (can wait) to 5 (on fire)", "minimum": 1, "maximum": 5, "default": 3}
      },
      "required": ["title"],
      "additionalProperties": false
    }
  }, {
    "name": "tickets.list",
    "summary": "Lists the open tickets",
    "symbol": "tickets_list",
    "effect": "read",
    "scopes": ["kv:read"],
    "call": "json",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": false}
  }, {
    "name": "tickets.show",
    "summary": "Shows one ticket",
    "symbol": "tickets_show",
    "effect": "read",
    "scopes": ["kv:read"],
    "call": "json",
    "parameters": {
      "type": "object",
      "properties": {"id": {"type": "integer", "description": "Its number", "minimum": 1}},
      "required": ["id"],
      "additionalProperties": false
    }
  }, {
    "name": "tickets.close",
    "summary": "Closes a ticket",
    "symbol": "tickets_close",
    "effect": "write",
    "idempotent": true,
    "scopes": ["kv:read", "kv:write"],
    "call": "json",
    "parameters": {
      "type": "object",
      "properties": {"id": {"type": "integer", "description": "Its number", "minimum": 1}},
      "required": ["id"],
      "additionalProperties": false
    }
  }]
}));
