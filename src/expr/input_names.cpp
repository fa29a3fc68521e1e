#include "expr/input_names.h"

#include "expr/needed.h"

namespace nescio::expr {

std::vector<std::string> input_names(const std::vector<Expr>& outputs) {
  std::vector<std::string> names;
  if (outputs.empty()) return names;
  const Graph& graph = *outputs.front().graph();
  const std::vector<bool> needed = needed_nodes(outputs);
  for (auto id = static_cast<NodeId>(graph.size()); id-- > 0;) {
    if (needed[id] && graph.node(id).op == Op::input) names.push_back(graph.node(id).name);
  }
  return names;
}

}  // namespace nescio::expr
