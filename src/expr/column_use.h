// Which columns of which argument an output needs.
#pragma once

#include "expr/graph.h"

namespace nescio::expr {

/// The columns of argument number `argument` that columns `wanted` of a node depend on; nothing else
/// of it changes them. Where an argument of one column stands for all, that column.
std::vector<ColumnRange> columns_used(const Graph& graph, NodeId id, std::size_t argument,
                                      ColumnRange wanted);

}  // namespace nescio::expr
