// What expressions read.
#pragma once

#include <string>
#include <vector>

#include "expr/expr.h"

namespace nescio::expr {

/// The names of the inputs that expressions of one graph read, each once.
std::vector<std::string> input_names(const std::vector<Expr>& outputs);

}  // namespace nescio::expr
