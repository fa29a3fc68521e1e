// What several networks say together: the mean of their probabilities.
#pragma once

#include <vector>

#include "expr/expr.h"

namespace nescio::evaluation {

/// Mean over networks m of softmax(z_m): rows of classes.
expr::Expr mean_softmax(const std::vector<expr::Expr>& logits);
/// Its logarithm, which does not vanish where the mean does, and which is logits of it.
expr::Expr log_mean_softmax(const std::vector<expr::Expr>& logits);

}  // namespace nescio::evaluation
