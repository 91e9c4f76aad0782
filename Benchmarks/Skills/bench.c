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
    "{\"name\": \"bench-" TEXT(NUMBER) ".clock\", \"symbol\": \"ask\", \"effect\": \"read\", \"call\": \"json\"}]}");

OC_EXPORT double scale(double x, const char *unit, int32_t n) { return x * n + unit[0]; }

OC_EXPORT oc_status ask(const oc_call *call) {
  oc_slice answer;
  oc_status status = oc_request(call, "clock", oc_text("{}"), &answer);
  return status == OC_OK ? oc_reply(call, answer) : status;
}
