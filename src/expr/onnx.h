// Lowering to ONNX: an expression as nodes of somebody else's graph.
//
// The lowering of each operation stands beside its kernels, in x_onnx.cpp of its family; what takes the nodes
// is behind an interface, so that nothing here knows protobuf. Every value is a float tensor [B, width],
// booleans (0, 1) and indices included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "expr/expr.h"

namespace nescio::expr {

struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::vector<std::int64_t>> value;
};
using OnnxAttributes = std::vector<OnnxAttribute>;

/// Takes nodes and constants; tensors are called by their names.
class OnnxWriter {
 public:
  virtual ~OnnxWriter() = default;
  /// Of the operators; at least 11.
  virtual int opset() const = 0;
  /// A node with so many outputs; their names.
  virtual std::vector<std::string> add(std::string_view op, const std::vector<std::string>& inputs,
                                       const OnnxAttributes& attributes, std::size_t outputs) = 0;
  virtual std::string constant(std::span<const std::int64_t> shape,
                               std::span<const float> values) = 0;
  virtual std::string constant(std::span<const std::int64_t> shape,
                               std::span<const std::int64_t> values) = 0;

  // What lowerings are made of.
  std::string node(std::string_view op, const std::vector<std::string>& inputs,
                   const OnnxAttributes& attributes = {}) {
    return add(op, inputs, attributes, 1).front();
  }
  std::string scalar(float value);
  /// [n] int64.
  std::string integers(const std::vector<std::int64_t>& values);
  /// Over one axis, which stays with a length of 1. As an attribute or an input, as the opset has it.
  std::string reduce(std::string_view op, const std::string& x, std::int64_t axis = -1);
  /// Over the last axis, which stays with a length of 1.
  std::string logsumexp(const std::string& x);
  std::string reshape(const std::string& x, const std::vector<std::int64_t>& shape);
  std::string slice(const std::string& x, std::int64_t first, std::int64_t last,
                    std::int64_t axis = 1);
  std::string to_float(const std::string& x);
  std::string to_int64(const std::string& x);
  /// a >= b as booleans; a node more where the opset lacks it.
  std::string greater_equal(const std::string& a, const std::string& b);
  /// The `count` smallest or largest entries of each row in order; {values, columns}.
  std::vector<std::string> top(const std::string& x, std::size_t count, bool largest);
};

/// The tensors of `outputs`, expressions of one graph, by the tensors [B, width] of its inputs; equal parts
/// are lowered once. Error for an input without a tensor.
std::vector<std::string> lower_to_onnx(const std::vector<Expr>& outputs,
                                       const std::map<std::string, std::string>& inputs,
                                       OnnxWriter& to);

/// One node on its way.
struct OnnxCall {
  const Graph& graph;
  const Node& node;
  std::function<std::string(std::size_t)>
      argument;         // its tensor; a table is written when it is asked for
  std::size_t columns;  // that consumers read, from the first on
  OnnxWriter& to;

  std::vector<std::string> arguments() const;

  const Table& table(std::size_t argument) const { return graph.table(node.arguments[argument]); }
};
using OnnxLowering = std::string (*)(const OnnxCall&);
/// Of an operation that is no leaf.
OnnxLowering onnx_lowering(Op op);

namespace onnx {
#define X(name, ...) std::string name(const OnnxCall& call);
NESCIO_OPERATIONS(X)
#undef X
}  // namespace onnx

}  // namespace nescio::expr
