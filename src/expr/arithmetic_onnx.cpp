// Arithmetic, comparisons and elementary functions as ONNX nodes.
#include "expr/onnx.h"

namespace nescio::expr {
namespace {

std::string same(const OnnxCall& c, const char* op) { return c.to.node(op, c.arguments()); }
std::string test(const OnnxCall& c, const char* op) { return c.to.to_float(same(c, op)); }
std::string is_not(const OnnxCall& c, const std::string& truth) {
  return c.to.to_float(c.to.node("Not", {truth}));
}

}  // namespace

std::string onnx::add(const OnnxCall& c) { return same(c, "Add"); }
std::string onnx::subtract(const OnnxCall& c) { return same(c, "Sub"); }
std::string onnx::multiply(const OnnxCall& c) { return same(c, "Mul"); }
std::string onnx::divide(const OnnxCall& c) { return same(c, "Div"); }
std::string onnx::minimum(const OnnxCall& c) { return same(c, "Min"); }
std::string onnx::maximum(const OnnxCall& c) { return same(c, "Max"); }
std::string onnx::power(const OnnxCall& c) { return same(c, "Pow"); }
std::string onnx::logaddexp(const OnnxCall& c) {
  const std::string apart = c.to.node("Abs", {same(c, "Sub")});
  const std::string rest = c.to.node("Exp", {c.to.node("Neg", {apart})});
  return c.to.node("Add",
                   {same(c, "Max"), c.to.node("Log", {c.to.node("Add", {rest, c.to.scalar(1)})})});
}
std::string onnx::less(const OnnxCall& c) { return test(c, "Less"); }
std::string onnx::less_equal(const OnnxCall& c) {
  return c.to.to_float(c.to.greater_equal(c.argument(1), c.argument(0)));
}
std::string onnx::greater(const OnnxCall& c) { return test(c, "Greater"); }
std::string onnx::greater_equal(const OnnxCall& c) {
  return c.to.to_float(c.to.greater_equal(c.argument(0), c.argument(1)));
}
std::string onnx::equal(const OnnxCall& c) { return test(c, "Equal"); }
std::string onnx::not_equal(const OnnxCall& c) { return is_not(c, same(c, "Equal")); }
std::string onnx::where(const OnnxCall& c) {
  const std::string truth = c.to.node("Greater", {c.argument(0), c.to.scalar(0.5F)});
  return c.to.node("Where", {truth, c.argument(1), c.argument(2)});
}
std::string onnx::negate(const OnnxCall& c) { return same(c, "Neg"); }
std::string onnx::exp(const OnnxCall& c) { return same(c, "Exp"); }
std::string onnx::expm1(const OnnxCall& c) {
  return c.to.node("Sub", {same(c, "Exp"), c.to.scalar(1)});
}
std::string onnx::log(const OnnxCall& c) { return same(c, "Log"); }
std::string onnx::log1p(const OnnxCall& c) {
  return c.to.node("Log", {c.to.node("Add", {c.argument(0), c.to.scalar(1)})});
}
std::string onnx::sqrt(const OnnxCall& c) { return same(c, "Sqrt"); }
std::string onnx::abs(const OnnxCall& c) { return same(c, "Abs"); }

}  // namespace nescio::expr
