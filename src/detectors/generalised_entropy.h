// The sum of GEN, which CADRef divides by, too.
#pragma once

#include "detectors/inputs.h"

namespace nescio::detectors {

/// sum_{j <= m} p_(j)^gamma (1 - p_(j))^gamma of softmax(z), the largest p first; all where there are
/// fewer than m. [B, 1]. In logarithms, and 1 - p of the largest from the sum of the others: in float32
/// it is 0 where p rounds to 1, which takes the term away. O(C log C) a row: bound by the sort. Error
/// for a single class.
Expr generalised_entropy(const Expr& logits, double gamma, std::size_t m);

}  // namespace nescio::detectors
