#include "expr/cost.h"

#include <algorithm>
#include <cmath>

#include "expr/needed.h"

namespace nescio::expr {
namespace {

double operations_of(const Graph& graph, const Node& node) {
  const OpInfo& op = info(node.op);
  std::size_t values = node.width;
  for (const NodeId id : node.arguments) {
    const Node& argument = graph.node(id);
    if (argument.op != Op::constant) values = std::max(values, argument.width);
    if (op.table_role != TableRole::multiplied && op.table_role != TableRole::nearest) continue;
    if (argument.op != Op::constant) continue;
    const Table& table = graph.table(id);
    return 2 * static_cast<double>(table.rows()) * static_cast<double>(table.cols());
  }
  const auto n = static_cast<double>(values);
  return op.sorts ? n * std::max(1.0, std::log2(n)) : n;
}

}  // namespace

double operations_per_row(const Expr& output) {
  const Graph& graph = *output.graph();
  const std::vector<bool> needed = needed_nodes({output});
  double sum = 0;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (needed[id] && !is_leaf(node.op)) sum += operations_of(graph, node);
  }
  return sum;
}

}  // namespace nescio::expr
