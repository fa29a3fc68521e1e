#include "expr/onnx.h"

#include <limits>

#include "base/error.h"
#include "expr/needed.h"
#include "expr/plan.h"

namespace nescio::expr {
namespace {

constexpr std::int64_t onnx_float = 1, onnx_int64 = 7;  // TensorProto.DataType

std::string constant_of(const Table& table, OnnxWriter& to) {
  const Array floats = table.array().to_float32();
  return to.constant(
      std::vector{static_cast<std::int64_t>(table.rows()), static_cast<std::int64_t>(table.cols())},
      floats.as<float>());
}

}  // namespace

std::string OnnxWriter::scalar(float value) {
  return constant(std::vector<std::int64_t>{1}, std::vector<float>{value});
}

std::string OnnxWriter::integers(const std::vector<std::int64_t>& values) {
  return constant(std::vector{static_cast<std::int64_t>(values.size())}, values);
}

// The axis stays: OpenVINO (2026.4, on a CPU) reads past its constants where an operation of a table [1, C] follows a
// reduction whose axis is gone.
std::string OnnxWriter::reduce(std::string_view op, const std::string& x, std::int64_t axis) {
  const OnnxAttribute keepdims{"keepdims", std::int64_t{1}};
  const int as_input_from = op == "ReduceSum" ? 13 : 18;
  if (opset() >= as_input_from) return node(op, {x, integers({axis})}, {keepdims});
  return node(op, {x}, {{"axes", std::vector{axis}}, keepdims});
}

// Not ReduceLogSumExp, which OpenVINO (2026.4) reduces over all axes at opsets 13 to 17, in silence. A row whose maximum is
// infinite is moved by a finite number; else it would be NaN.
std::string OnnxWriter::logsumexp(const std::string& x) {
  constexpr float most = std::numeric_limits<float>::max();
  const auto bound = [&](float value) { return constant({}, std::vector<float>{value}); };
  const std::string peak = node("Clip", {reduce("ReduceMax", x), bound(-most), bound(most)});
  const std::string sum = reduce("ReduceSum", node("Exp", {node("Sub", {x, peak})}));
  return node("Add", {node("Log", {sum}), peak});
}

std::string OnnxWriter::reshape(const std::string& x, const std::vector<std::int64_t>& shape) {
  return node("Reshape", {x, integers(shape)});
}

std::string OnnxWriter::slice(const std::string& x, std::int64_t first, std::int64_t last,
                              std::int64_t axis) {
  return node("Slice", {x, integers({first}), integers({last}), integers({axis})});
}

std::string OnnxWriter::to_float(const std::string& x) {
  return node("Cast", {x}, {{"to", onnx_float}});
}

std::string OnnxWriter::to_int64(const std::string& x) {
  return node("Cast", {x}, {{"to", onnx_int64}});
}

std::string OnnxWriter::greater_equal(const std::string& a, const std::string& b) {
  if (opset() >= 12) return node("GreaterOrEqual", {a, b});
  return node("Not", {node("Less", {a, b})});
}

std::vector<std::string> OnnxWriter::top(const std::string& x, std::size_t count, bool largest) {
  return add(
      "TopK", {x, integers({static_cast<std::int64_t>(count)})},
      {{"axis", std::int64_t{-1}}, {"largest", std::int64_t{largest}}, {"sorted", std::int64_t{1}}},
      2);
}

std::vector<std::string> OnnxCall::arguments() const {
  std::vector<std::string> out;
  for (std::size_t a = 0; a < node.arguments.size(); ++a) out.push_back(argument(a));
  return out;
}

OnnxLowering onnx_lowering(Op op) {
  static constexpr OnnxLowering lowerings[] = {
#define X(name, ...) nullptr,
      NESCIO_LEAVES(X)
#undef X
#define X(name, ...) onnx::name,
          NESCIO_OPERATIONS(X)
#undef X
  };
  return lowerings[static_cast<std::size_t>(op)];
}

std::vector<std::string> lower_to_onnx(const std::vector<Expr>& outputs,
                                       const std::map<std::string, std::string>& inputs,
                                       OnnxWriter& to) {
  const Graph& graph = *outputs.front().graph();
  std::vector<NodeId> ids;
  for (const Expr& e : outputs) ids.push_back(e.id());
  const Plan plan = make_plan(graph, ids);
  const std::vector<bool> needed = needed_nodes(outputs);
  std::vector<std::string> tensors(graph.size());
  std::vector<std::size_t> columns(
      graph.size());  // of the tensor: prefixes are shorter than the node is wide
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (!needed[id]) continue;
    columns[id] = node.width;
    if (node.op == Op::constant) continue;
    if (node.op == Op::input) {
      const auto found = inputs.find(node.name);
      if (found == inputs.end())
        fail("the score reads '", node.name, "', for which there is no tensor");
      tensors[id] = found->second;
    } else {
      const bool element_wise = info(node.op).columns == same_columns && info(node.op).column_wise;
      if (element_wise || info(node.op).prefix) columns[id] = plan.columns[id];
      const auto argument = [&](std::size_t a) {
        const NodeId from = node.arguments[a];
        if (graph.node(from).op == Op::constant && tensors[from].empty()) {
          tensors[from] = constant_of(graph.table(from), to);
        }
        // A table of another width is read whole.
        const bool same = graph.node(from).width == node.width;
        const bool longer = element_wise && same && columns[from] > columns[id];
        return longer ? to.slice(tensors[from], 0, static_cast<std::int64_t>(columns[id]))
                      : tensors[from];
      };
      const OnnxCall call{graph, node, argument, plan.columns[id], to};
      tensors[id] = onnx_lowering(node.op)(call);
    }
  }
  std::vector<std::string> out;
  for (const NodeId id : ids) out.push_back(tensors[id]);
  return out;
}

}  // namespace nescio::expr
