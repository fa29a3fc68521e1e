// Sorting, ranks and empirical distributions as ONNX nodes.
#include "expr/onnx.h"

namespace nescio::expr {
namespace {

std::int64_t width_of(const OnnxCall& c) {
  return static_cast<std::int64_t>(c.graph.node(c.node.arguments[0]).width);
}

}  // namespace

std::string onnx::sorted(const OnnxCall& c) {
  return c.to.top(c.argument(0), c.columns, c.node.integers[0] != 0)[0];
}
// The columns in order, put in order themselves: where each of them stands.
std::string onnx::rank(const OnnxCall& c) {
  const auto width = static_cast<std::size_t>(width_of(c));
  const auto most = static_cast<double>(c.node.integers[0]);
  const std::string order = c.to.top(c.argument(0), width, false)[1];
  const std::string places = c.to.to_float(c.to.top(c.to.to_float(order), width, false)[1]);
  return most < static_cast<double>(width)
             ? c.to.node("Min", {places, c.to.scalar(static_cast<float>(most))})
             : places;
}
std::string onnx::ecdf(const OnnxCall& c) {
  const std::string x = c.to.reshape(c.argument(0), {-1, width_of(c), 1});
  const std::string reached = c.to.to_float(c.to.greater_equal(x, c.argument(1)));
  return c.to.reshape(c.to.reduce("ReduceMean", reached), {-1, width_of(c)});
}
// How many values reach each edge (of the last one: exceed it), less those that reach the next one.
std::string onnx::row_histogram(const OnnxCall& c) {
  const auto edges = static_cast<std::int64_t>(c.table(1).cols());
  const std::string x = c.to.reshape(c.argument(0), {-1, width_of(c), 1});
  const std::string reach =
      c.to.to_float(c.to.greater_equal(x, c.to.slice(c.argument(1), 0, edges - 1)));
  const std::string exceed =
      c.to.to_float(c.to.node("Greater", {x, c.to.slice(c.argument(1), edges - 1, edges)}));
  const std::string all = c.to.node("Concat", {reach, exceed}, {{"axis", std::int64_t{-1}}});
  const std::string counts = c.to.reshape(c.to.reduce("ReduceSum", all, 1), {-1, edges});
  return c.to.node("Sub", {c.to.slice(counts, 0, edges - 1), c.to.slice(counts, 1, edges)});
}
std::string onnx::bucketize(const OnnxCall& c) {
  const std::string x = c.to.reshape(c.argument(0), {-1, 1, width_of(c)});
  const std::string reached = c.to.to_float(c.to.greater_equal(x, c.argument(1)));
  return c.to.reshape(c.to.reduce("ReduceSum", reached, 1), {-1, width_of(c)});
}

}  // namespace nescio::expr
