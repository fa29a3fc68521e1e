// Products with tables, distances to their rows, and picking of columns as ONNX nodes.
#include "expr/onnx.h"

namespace nescio::expr {
namespace {

/// Up to so many values a row of the batch, differences are written out: they keep all digits.
constexpr std::size_t written_out = std::size_t{1} << 16;

}  // namespace

std::string onnx::matmul(const OnnxCall& c) {
  return c.to.node("Gemm", c.arguments(), {{"transB", c.node.integers[0]}});
}

// Far from the origin |x|^2 - 2 x r + |r|^2 would be noise: both sides are moved by the mean of the rows.
std::string onnx::squared_distances(const OnnxCall& c) {
  const Table& table = c.table(1);
  const auto rows = static_cast<std::int64_t>(table.rows()),
             width = static_cast<std::int64_t>(table.cols());
  if (table.rows() * table.cols() <= written_out) {
    const std::string x = c.to.reshape(c.argument(0), {-1, 1, width});
    const std::string apart = c.to.node("Sub", {x, c.argument(1)});
    return c.to.reshape(c.to.reduce("ReduceSumSquare", apart), {-1, rows});
  }
  std::vector<double> mean(table.cols());
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (std::size_t d = 0; d < table.cols(); ++d) mean[d] += table.value(r * table.cols() + d);
  }
  for (double& value : mean) value /= static_cast<double>(table.rows());
  std::vector<float> moved, squares, origin(mean.begin(), mean.end());
  for (std::size_t r = 0; r < table.rows(); ++r) {
    double square = 0;
    for (std::size_t d = 0; d < table.cols(); ++d) {
      const double value = table.value(r * table.cols() + d) - static_cast<double>(origin[d]);
      moved.push_back(static_cast<float>(value));
      square += value * value;
    }
    squares.push_back(static_cast<float>(square));
  }
  const std::string x =
      c.to.node("Sub", {c.argument(0), c.to.constant(std::vector<std::int64_t>{1, width}, origin)});
  const std::string product =
      c.to.node("Gemm",
                {x, c.to.constant(std::vector{rows, width}, moved),
                 c.to.constant(std::vector<std::int64_t>{1, rows}, squares)},
                {{"alpha", -2.0F}, {"transB", std::int64_t{1}}});
  const std::string sum = c.to.node("Add", {product, c.to.reduce("ReduceSumSquare", x)});
  return c.to.node("Max", {sum, c.to.scalar(0)});
}

std::string onnx::take_row(const OnnxCall& c) {
  const std::string index = c.to.reshape(c.to.to_int64(c.argument(1)), {-1});
  return c.to.node("Gather", {c.argument(0), index}, {{"axis", std::int64_t{0}}});
}
std::string onnx::gather_columns(const OnnxCall& c) {
  return c.to.node("GatherElements", {c.argument(0), c.to.to_int64(c.argument(1))},
                   {{"axis", std::int64_t{1}}});
}
std::string onnx::slice_columns(const OnnxCall& c) {
  return c.to.slice(c.argument(0), c.node.integers[0], c.node.integers[1]);
}
std::string onnx::select_columns(const OnnxCall& c) {
  return c.to.node("Gather", {c.argument(0), c.to.integers(c.node.integers)},
                   {{"axis", std::int64_t{1}}});
}
std::string onnx::concat(const OnnxCall& c) {
  return c.to.node("Concat", c.arguments(), {{"axis", std::int64_t{1}}});
}

}  // namespace nescio::expr
