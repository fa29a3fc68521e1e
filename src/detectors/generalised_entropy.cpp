#include "detectors/generalised_entropy.h"

#include <algorithm>

#include "base/error.h"

namespace nescio::detectors {

Expr generalised_entropy(const Expr& logits, double gamma, std::size_t m) {
  if (logits.width() < 2) {
    fail("generalised entropy: expected at least 2 classes, found ", logits.width());
  }
  const Expr z = logits - row_max(logits);  // so that large logits lose no digits
  const std::size_t count = std::min(m, z.width());
  const Expr log_p = sorted(log_softmax(z), Sort::descending);
  const Expr largest = exp(gamma * (column(log_p, 0) + logsumexp_rest(z) - logsumexp(z)));
  if (count == 1) return largest;
  const Expr others = slice_columns(log_p, 1, count);
  return largest + row_sum(exp(gamma * (others + log1p(-exp(others)))));
}

}  // namespace nescio::detectors
