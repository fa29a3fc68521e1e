#include "metrics/delong.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "metrics/curves.h"

namespace nescio {

namespace {

/// The placement of a row is the share of the other side that it beats, ties counting one half; the
/// placements of either side have the area as their mean.
struct Placements {
  std::vector<double> id;   // of every row less the area, by ascending score
  double ood_variance = 0;  // of their mean
};

Placements placements(const Ranking& ranking) {
  const auto id_count = static_cast<double>(ranking.id_count);
  const auto ood_count = static_cast<double>(ranking.ood_count);
  const double area = auroc(ranking);
  Placements out;
  out.id.reserve(ranking.id_count);
  double id_below = 0;
  double ood_below = 0;
  double ood_squares = 0;
  for (const Step& step : ranking.steps) {
    const double of_ood = (id_below + 0.5 * step.id) / id_count - area;
    const double of_id = 1 - (ood_below + 0.5 * step.ood) / ood_count - area;
    ood_squares += step.ood * of_ood * of_ood;
    out.id.insert(out.id.end(), step.id, of_id);
    id_below += step.id;
    ood_below += step.ood;
  }
  out.ood_variance = ood_squares / ((ood_count - 1) * ood_count);
  return out;
}

}  // namespace

std::optional<Bounds> delong_interval(std::span<const Ranking> rankings, double confidence) {
  const double z = normal_z(confidence);
  const auto few = [](const Ranking& r) { return r.id_count < 2 || r.ood_count < 2; };
  if (rankings.empty() || std::ranges::any_of(rankings, few)) return std::nullopt;
  const auto sets = static_cast<double>(rankings.size());
  const auto id_count = static_cast<double>(rankings[0].id_count);
  std::vector<double> id(rankings[0].id_count);
  double area = 0;
  double variance = 0;
  for (const Ranking& ranking : rankings) {
    if (ranking.id_count != id.size()) {
      fail("[metrics] mean auroc: expected the same ID rows against every set, found ", id.size(),
           " and ", ranking.id_count);
    }
    const Placements of_set = placements(ranking);
    for (std::size_t i = 0; i < id.size(); ++i) id[i] += of_set.id[i] / sets;
    variance += of_set.ood_variance / (sets * sets);
    area += auroc(ranking) / sets;
  }
  double squares = 0;
  for (const double placement : id) squares += placement * placement;
  variance += squares / ((id_count - 1) * id_count);
  const double half = z * std::sqrt(variance);
  return Bounds{std::max(0.0, area - half), std::min(1.0, area + half)};
}

std::optional<Bounds> delong_interval(const Ranking& ranking, double confidence) {
  return delong_interval(std::span(&ranking, 1), confidence);
}

}  // namespace nescio
