// Reductions over the columns of a row as ONNX nodes.
#include <algorithm>
#include <limits>

#include "expr/onnx.h"

namespace nescio::expr {
namespace {

/// f(x) reduces the last axis of x, which stays with a length of 1; `width` is that axis' length. Groups of one
/// length are an axis of their own, others are cut out one by one.
template <class F>
std::string by_group(const OnnxCall& c, F f) {
  const auto& borders = c.node.integers;
  const std::string& x = c.argument(0);
  const auto width = static_cast<std::int64_t>(c.graph.node(c.node.arguments[0]).width);
  if (borders.size() < 3) return f(x, width);
  const std::int64_t length = borders[1] - borders[0];
  const auto groups = static_cast<std::int64_t>(borders.size() - 1);
  if (length * groups == width &&
      std::ranges::all_of(borders, [&](std::int64_t b) { return b % length == 0; })) {
    return c.to.reshape(f(c.to.reshape(x, {-1, groups, length}), length), {-1, groups});
  }
  std::vector<std::string> parts;
  for (std::size_t g = 0; g + 1 < borders.size(); ++g) {
    parts.push_back(f(c.to.slice(x, borders[g], borders[g + 1]), borders[g + 1] - borders[g]));
  }
  return c.to.node("Concat", parts, {{"axis", std::int64_t{1}}});
}

std::string reduced(const OnnxCall& c, const char* op) {
  return by_group(c, [&](const std::string& x, std::int64_t) { return c.to.reduce(op, x); });
}

/// x with -inf in the first column that holds the maximum.
std::string without_first(OnnxWriter& to, const std::string& x, std::int64_t width) {
  const std::string first =
      to.node("ArgMax", {x}, {{"axis", std::int64_t{-1}}, {"keepdims", std::int64_t{1}}});
  std::vector<std::int64_t> columns(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < width; ++i) columns[static_cast<std::size_t>(i)] = i;
  const std::string is_first = to.node("Equal", {first, to.integers(columns)});
  return to.node("Where", {is_first, to.scalar(-std::numeric_limits<float>::infinity()), x});
}

}  // namespace

std::string onnx::row_sum(const OnnxCall& c) { return reduced(c, "ReduceSum"); }
std::string onnx::row_mean(const OnnxCall& c) { return reduced(c, "ReduceMean"); }
std::string onnx::row_max(const OnnxCall& c) { return reduced(c, "ReduceMax"); }
std::string onnx::row_min(const OnnxCall& c) { return reduced(c, "ReduceMin"); }
std::string onnx::row_argmax(const OnnxCall& c) {
  return by_group(c, [&](const std::string& x, std::int64_t) {
    return c.to.to_float(
        c.to.node("ArgMax", {x}, {{"axis", std::int64_t{-1}}, {"keepdims", std::int64_t{1}}}));
  });
}
std::string onnx::logsumexp(const OnnxCall& c) {
  return by_group(c, [&](const std::string& x, std::int64_t) { return c.to.logsumexp(x); });
}
// Not ReduceL1: see OnnxWriter::logsumexp.
std::string onnx::l1_norm(const OnnxCall& c) {
  return by_group(c, [&](const std::string& x, std::int64_t) {
    return c.to.reduce("ReduceSum", c.to.node("Abs", {x}));
  });
}
std::string onnx::l2_norm(const OnnxCall& c) { return reduced(c, "ReduceL2"); }
std::string onnx::sum_of_squares(const OnnxCall& c) { return reduced(c, "ReduceSumSquare"); }
std::string onnx::logsumexp_rest(const OnnxCall& c) {
  return by_group(c, [&](const std::string& x, std::int64_t width) {
    return c.to.logsumexp(without_first(c.to, x, width));
  });
}
std::string onnx::log_odds(const OnnxCall& c) {
  return by_group(c, [&](const std::string& x, std::int64_t width) {
    const std::string below = c.to.node("Sub", {x, c.to.reduce("ReduceMax", x)});
    return c.to.logsumexp(without_first(c.to, below, width));
  });
}
std::string onnx::softmax(const OnnxCall& c) {
  return c.to.node("Softmax", c.arguments(), {{"axis", std::int64_t{1}}});
}
std::string onnx::log_softmax(const OnnxCall& c) {
  return c.to.node("LogSoftmax", c.arguments(), {{"axis", std::int64_t{1}}});
}
std::string onnx::cumsum(const OnnxCall& c) {
  return c.to.node("CumSum", {c.argument(0), c.to.constant({}, std::vector<std::int64_t>{1})});
}

}  // namespace nescio::expr
