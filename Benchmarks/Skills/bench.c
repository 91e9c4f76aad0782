// The skill that the benchmark calls.
#include "openclaw_skill.h"

#ifndef NUMBER
#define NUMBER 0
#endif
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

OC_SKILL_MANIFEST(
    "{\"abi\": [1, 0], \"id\": \"org.openclaw.bench-" TEXT(NUMBER) "\", \"version\": \"1.0.0\", \"tools\": ["
    "{\"name\": \"bench-" TEXT(NUMBER) ".scale\", \"symbol\": \"scale\", \"effect\": \"read\", \"call\": \"f64(x:f64,unit:str,n:i32)\"},"
    "{\"name\": \"bench-" TEXT(NUMBER) ".clock\", \"symbol\": \"ask\", \"effect\": \"read\", \"call\": \"json\"},"
    "{\"name\": \"bench-" TEXT(NUMBER) ".build\", \"symbol\": \"build\", \"effect\": \"read\", \"call\": \"u64()\"},"
    "{\"name\": \"bench-" TEXT(NUMBER) ".crash\", \"symbol\": \"crash\", \"effect\": \"read\", \"call\": \"i32()\"}]}");

OC_EXPORT double scale(double x, const char *unit, int32_t n) { return x * n + unit[0]; }

OC_EXPORT oc_status ask(const oc_call *call) {
  oc_slice answer;
  oc_status status = oc_request(call, "clock", oc_text("{}"), &answer);
  return status == OC_OK ? oc_reply(call, answer) : status;
}

// Patched in finished libraries: each number makes another build.
OC_EXPORT const volatile uint64_t bench_mark[2] = {0x6f70656e636c6177, 0};

OC_EXPORT uint64_t build(void) { return bench_mark[1]; }

OC_EXPORT int32_t crash(void) { return *(volatile int32_t *)8; }
