#include "metrics/delong.h"

#include <algorithm>
#include <cmath>

#include "metrics/curves.h"

namespace nescio {

std::optional<Bounds> delong_interval(const Ranking& ranking, double confidence) {
  const double z = normal_z(confidence);
  if (ranking.id_count < 2 || ranking.ood_count < 2) return std::nullopt;
  const auto id_count = static_cast<double>(ranking.id_count);
  const auto ood_count = static_cast<double>(ranking.ood_count);
  const double area = auroc(ranking);

  // The placement of a row is the share of the other side that it beats, ties counting one half;
  // the placements of either side have the area as their mean.
  double id_below = 0;
  double ood_below = 0;
  double id_squares = 0;
  double ood_squares = 0;
  for (const Step& step : ranking.steps) {
    const double of_ood = (id_below + 0.5 * step.id) / id_count - area;
    const double of_id = 1 - (ood_below + 0.5 * step.ood) / ood_count - area;
    ood_squares += step.ood * of_ood * of_ood;
    id_squares += step.id * of_id * of_id;
    id_below += step.id;
    ood_below += step.ood;
  }
  const double variance =
      id_squares / ((id_count - 1) * id_count) + ood_squares / ((ood_count - 1) * ood_count);
  const double half = z * std::sqrt(variance);
  return Bounds{std::max(0.0, area - half), std::min(1.0, area + half)};
}

}  // namespace nescio
