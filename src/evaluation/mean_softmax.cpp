#include "evaluation/mean_softmax.h"

#include <cmath>

namespace nescio::evaluation {

using expr::Expr;

Expr mean_softmax(const std::vector<Expr>& logits) {
  Expr sum = softmax(logits.front());
  for (std::size_t m = 1; m < logits.size(); ++m) sum = sum + softmax(logits[m]);
  return logits.size() > 1 ? sum / static_cast<double>(logits.size()) : sum;
}

Expr log_mean_softmax(const std::vector<Expr>& logits) {
  Expr sum = log_softmax(logits.front());
  for (std::size_t m = 1; m < logits.size(); ++m) sum = logaddexp(sum, log_softmax(logits[m]));
  return logits.size() > 1 ? sum - std::log(static_cast<double>(logits.size())) : sum;
}

}  // namespace nescio::evaluation
