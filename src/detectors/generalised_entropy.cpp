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
  const Expr log_p = log_softmax(z);
  const auto terms = [&](const Expr& of) { return exp(gamma * (of + log1p(-exp(of)))); };
  // Where p rounds to 1, the term of the largest probability has no digits left if it is written so.
  const Expr top = row_max(log_p);
  const Expr largest = exp(gamma * (top + logsumexp_rest(z) - logsumexp(z)));
  if (count == 1) return largest;
  // All of them need no order.
  if (count == z.width()) return row_sum(terms(log_p)) - terms(top) + largest;
  return largest + row_sum(terms(slice_columns(sorted(log_p, Sort::descending), 1, count)));
}

}  // namespace nescio::detectors
