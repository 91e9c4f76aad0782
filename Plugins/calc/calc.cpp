// Typed tools in C++. The host checks the arguments, calls, and turns the result into JSON.
#include <cmath>
#include <numeric>

#include "openclaw_skill.h"

OC_SKILL_MANIFEST(OC_JSON({
  "abi": [1, 0],
  "id": "org.openclaw.calc",
  "version": "1.0.0",
  "tools": [
    {"name": "calc.add", "summary": "a + b", "symbol": "calc_add", "effect": "read", "call": "f64(a:f64,b:f64)"},
    {"name": "calc.multiply", "summary": "a times b", "symbol": "calc_multiply", "effect": "read", "call": "f64(a:f64,b:f64)"},
    {"name": "calc.power", "summary": "base to the power of exponent", "symbol": "calc_power", "effect": "read",
     "call": "f64(base:f64,exponent:f64)"},
    {"name": "calc.gcd", "summary": "The greatest common divisor of a and b", "symbol": "calc_gcd",
     "effect": "read", "call": "u64(a:u64,b:u64)"}
  ]
}));

OC_EXPORT double calc_add(double a, double b) { return a + b; }

OC_EXPORT double calc_multiply(double a, double b) { return a * b; }

OC_EXPORT double calc_power(double base, double exponent) { return std::pow(base, exponent); }

OC_EXPORT uint64_t calc_gcd(uint64_t a, uint64_t b) { return std::gcd(a, b); }
