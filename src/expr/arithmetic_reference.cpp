// Arithmetic, comparisons and elementary functions in double.
#include <algorithm>
#include <cmath>
#include <functional>

#include "expr/reference_kernels.h"

namespace nescio::expr {
namespace {

template <class F>
void binary(const ReferenceCall& call, F f) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = f(call.arguments[0](r, c), call.arguments[1](r, c));
    }
  }
}

double log_add_exp(double a, double b) {
  const double top = std::max(a, b);
  return std::isinf(top) ? top : top + std::log1p(std::exp(std::min(a, b) - top));
}

}  // namespace

void reference::add(const ReferenceCall& c) { binary(c, std::plus{}); }
void reference::subtract(const ReferenceCall& c) { binary(c, std::minus{}); }
void reference::multiply(const ReferenceCall& c) { binary(c, std::multiplies{}); }
void reference::divide(const ReferenceCall& c) { binary(c, std::divides{}); }
void reference::minimum(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::isnan(b) || b < a ? b : a; });
}
void reference::maximum(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::isnan(b) || b > a ? b : a; });
}
void reference::power(const ReferenceCall& c) {
  binary(c, [](double a, double b) { return std::pow(a, b); });
}
void reference::logaddexp(const ReferenceCall& c) { binary(c, log_add_exp); }
void reference::less(const ReferenceCall& c) { binary(c, std::less{}); }
void reference::less_equal(const ReferenceCall& c) { binary(c, std::less_equal{}); }
void reference::greater(const ReferenceCall& c) { binary(c, std::greater{}); }
void reference::greater_equal(const ReferenceCall& c) { binary(c, std::greater_equal{}); }
void reference::equal(const ReferenceCall& c) { binary(c, std::equal_to{}); }
void reference::not_equal(const ReferenceCall& c) { binary(c, std::not_equal_to{}); }
void reference::where(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[call.arguments[0](r, c) != 0 ? 1 : 2](r, c);
    }
  }
}
void reference::negate(const ReferenceCall& c) { by_element(c, std::negate{}); }
void reference::exp(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::exp(x); });
}
void reference::expm1(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::expm1(x); });
}
void reference::log(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::log(x); });
}
void reference::log1p(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::log1p(x); });
}
void reference::sqrt(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::sqrt(x); });
}
void reference::abs(const ReferenceCall& c) {
  by_element(c, [](double x) { return std::abs(x); });
}

}  // namespace nescio::expr
