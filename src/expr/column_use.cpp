#include "expr/column_use.h"

namespace nescio::expr {

std::vector<ColumnRange> columns_used(const Graph& graph, NodeId id, std::size_t argument,
                                      ColumnRange wanted) {
  const Node& node = graph.node(id);
  return info(node.op).columns(graph, node, argument, wanted);
}

std::vector<ColumnRange> all_columns(const Graph& graph, const Node& node, std::size_t argument,
                                     ColumnRange) {
  return {{0, graph.node(node.arguments[argument]).width}};
}

std::vector<ColumnRange> same_columns(const Graph& graph, const Node& node, std::size_t argument,
                                      ColumnRange wanted) {
  const bool wide = graph.node(node.arguments[argument]).width == node.width;
  return {wide ? wanted : ColumnRange{0, graph.node(node.arguments[argument]).width}};
}

std::vector<ColumnRange> leading_columns(const Graph&, const Node&, std::size_t,
                                         ColumnRange wanted) {
  return {{0, wanted.last}};
}

}  // namespace nescio::expr
