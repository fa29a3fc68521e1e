#include "expr/needed.h"

namespace nescio::expr {

std::vector<bool> needed_nodes(const std::vector<Expr>& outputs) {
  const Graph& graph = *outputs.front().graph();
  std::vector<bool> needed(graph.size(), false);
  for (const Expr& e : outputs) needed[e.id()] = true;
  for (auto id = static_cast<NodeId>(graph.size()); id-- > 0;) {
    if (!needed[id]) continue;
    for (const NodeId argument : graph.node(id).arguments) needed[argument] = true;
  }
  return needed;
}

}  // namespace nescio::expr
