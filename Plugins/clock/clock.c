// Two read tools: a typed one without parameters, and a JSON tool with an optional one.
#include <stdio.h>
#include <time.h>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.clock",
  "version": "1.0.0",
  "tools": [{
    "name": "clock.unix",
    "summary": "Seconds since 1970",
    "symbol": "clock_unix",
    "effect": "read",
    "call": "i64()"
  }, {
    "name": "clock.now",
    "summary": "Date and time, in UTC or in another zone",
    "symbol": "clock_now",
    "effect": "read",
    "call": "json",
    "parameters": {
      "type": "object",
      "properties": {
        "zone": {"type": "string", "description": "Distance from UTC", "pattern": "^[+-][0-9]{2}:[0-9]{2}$", "default": "+00:00"}
      },
      "additionalProperties": false
    }
  }]
}));

OC_EXPORT int64_t clock_unix(void) { return (int64_t)time(NULL); }

// The host has checked the arguments against the schema, so that the only string that may be in them is a zone.
static bool find_zone(oc_slice args, int *minutes) {
  char json[64], sign;
  int hour, minute;
  if (args.len >= sizeof json) return false;
  memcpy(json, args.ptr, args.len);
  json[args.len] = 0;

  *minutes = 0;
  const char *zone = strpbrk(json, "+-");
  if (zone == NULL) return strstr(json, "zone") == NULL;
  if (sscanf(zone, "%c%2d:%2d\"", &sign, &hour, &minute) != 3 || hour > 14 || minute > 59) return false;
  *minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
  return true;
}

OC_EXPORT oc_status clock_now(const oc_call *call) {
  int minutes;
  if (!find_zone(call->args, &minutes)) return oc_fail(call, OC_BAD_ARGUMENT, "a zone looks like +08:00");

  time_t shifted = time(NULL) + minutes * 60;
  struct tm parts;
  char json[96];
  int distance = minutes < 0 ? -minutes : minutes;
  gmtime_r(&shifted, &parts);
  snprintf(json, sizeof json, "\"%04d-%02d-%02d %02d:%02d:%02d %c%02d:%02d\"", parts.tm_year + 1900, parts.tm_mon + 1,
           parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, minutes < 0 ? '-' : '+', distance / 60, distance % 60);
  return oc_reply_text(call, json);
}
