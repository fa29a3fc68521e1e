#include "expr/input_names.h"

namespace nescio::expr {

std::vector<std::string> input_names(const std::vector<Expr>& outputs) {
  std::vector<std::string> names;
  if (outputs.empty()) return names;
  const Graph& graph = *outputs.front().graph();
  std::vector<bool> needed(graph.size(), false);
  for (const Expr& e : outputs) needed[e.id()] = true;
  for (auto id = static_cast<NodeId>(graph.size()); id-- > 0;) {
    if (!needed[id]) continue;
    for (const NodeId argument : graph.node(id).arguments) needed[argument] = true;
    if (graph.node(id).op == Op::input) names.push_back(graph.node(id).name);
  }
  return names;
}

}  // namespace nescio::expr
