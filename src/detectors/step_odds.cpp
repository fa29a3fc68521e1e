#include "detectors/step_odds.h"

#include <cmath>

namespace nescio::detectors {

Expr step_odds(const std::string& who, const Expr& logits, double T, const std::string& variant) {
  const Expr z = logits / T;
  if (z.width() < 2) fail(who, ": expected at least 2 classes, found ", z.width());
  if (variant == "openood") return -row_max(softmax(z));
  const auto others = static_cast<double>(z.width() - 1);
  const Expr excess = row_sum(expm1(z - row_max(z))) / others;  // in (-1, 0]
  return where(excess > -0.5, log1p(max(excess, -0.5)), log_odds(z) - std::log(others));
}

ParameterInfo step_temperature() {
  return {.name = "T",
          .doc = "temperature, of the probe's loss and the score",
          .min = 0,
          .min_excluded = true,
          .sweep = {"1", "10", "100", "1000"}};
}

ParameterInfo step_variant() {
  return {.name = "variant", .doc = "openood: -p itself", .choices = {"paper", "openood"}};
}

}  // namespace nescio::detectors
