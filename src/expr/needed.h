// Which nodes expressions are made of.
#pragma once

#include <vector>

#include "expr/value.h"

namespace nescio::expr {

/// For each node of the graph whether one of the expressions, which are of one graph, depends on it. At least one
/// expression.
std::vector<bool> needed_nodes(const std::vector<Expr>& outputs);

}  // namespace nescio::expr
