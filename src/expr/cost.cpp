#include "expr/cost.h"

#include <algorithm>
#include <cmath>

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
  std::vector<bool> needed(graph.size(), false);
  needed[output.id()] = true;
  double sum = 0;
  for (auto id = static_cast<NodeId>(graph.size()); id-- > 0;) {
    const Node& node = graph.node(id);
    if (!needed[id]) continue;
    for (const NodeId argument : node.arguments) needed[argument] = true;
    if (!is_leaf(node.op)) sum += operations_of(graph, node);
  }
  return sum;
}

}  // namespace nescio::expr
