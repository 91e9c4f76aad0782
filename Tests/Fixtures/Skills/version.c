// Two builds of one skill: version_1.so and version_2.so.
#include "openclaw_skill.h"

#define TEXT(value) #value
#define MANIFEST(number)                                                                           \
  "{\"abi\":[1,0],\"id\":\"org.openclaw.test.version\",\"version\":\"" TEXT(number) ".0.0\","       \
  "\"tools\":[{\"name\":\"version\",\"summary\":\"Which build answers\",\"symbol\":\"version\","    \
  "\"effect\":\"read\",\"call\":\"i32()\"}]}"

OC_SKILL_MANIFEST(MANIFEST(VERSION));

OC_EXPORT int32_t version(void) { return VERSION; }
