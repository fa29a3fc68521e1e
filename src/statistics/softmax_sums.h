// Probabilities of a network, added up by the class that it sees.
#pragma once

#include "statistics/statistics.h"

namespace nescio::statistics {

/// For each class k the sum of softmax(z) over the rows whose largest logit is that of k (the first of equal ones),
/// and behind it how many rows they are. In double, where hardly a probability becomes 0. [C, C + 1]; one pass.
const Matrix& softmax_sums(Statistics& statistics, const expr::Expr& logits);

}  // namespace nescio::statistics
