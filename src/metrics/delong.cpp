#include "metrics/delong.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "metrics/curves.h"
#include "metrics/row_sums.h"

namespace nescio {

namespace {

/// The placement of a row is the share of the other side that it beats, ties counting one half; the
/// placements of either side have the area as their mean.
struct Placements {
  std::vector<double> id;   // of every row less the area, by ascending score
  double ood_variance = 0;  // of their mean
};

/// visit(step, placement of its ID rows, placement of its OOD rows)
template <class Visit>
void visit_placements(const Ranking& ranking, const Visit& visit) {
  const auto id_count = static_cast<double>(ranking.id_count);
  const auto ood_count = static_cast<double>(ranking.ood_count);
  double id_below = 0;
  double ood_below = 0;
  for (const Step& step : ranking.steps) {
    visit(step, 1 - (ood_below + 0.5 * step.ood) / ood_count,
          (id_below + 0.5 * step.id) / id_count);
    id_below += step.id;
    ood_below += step.ood;
  }
}

Placements placements(const Ranking& ranking) {
  const auto ood_count = static_cast<double>(ranking.ood_count);
  const double area = auroc(ranking);
  Placements out;
  out.id.reserve(ranking.id_count);
  double ood_squares = 0;
  visit_placements(ranking, [&](const Step& step, double of_id, double of_ood) {
    out.id.insert(out.id.end(), step.id, of_id - area);
    ood_squares += step.ood * (of_ood - area) * (of_ood - area);
  });
  out.ood_variance = ood_squares / ((ood_count - 1) * ood_count);
  return out;
}

std::vector<double> of_rows(const std::vector<double>& of_steps,
                            const std::vector<std::uint32_t>& steps) {
  std::vector<double> out;
  out.reserve(steps.size());
  for (const std::uint32_t step : steps) out.push_back(of_steps[step]);
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

std::optional<Bounds> delong_interval(std::span<const RankingTerm> terms, double confidence) {
  const double z = normal_z(confidence);
  RowSums id;
  RowSums ood;
  double area = 0;
  Bounds possible;
  for (const RankingTerm& term : terms) {
    std::vector<double> of_id, of_ood;  // by step
    visit_placements(term.rows->ranking, [&](const Step&, double id_rows, double ood_rows) {
      of_id.push_back(id_rows);
      of_ood.push_back(ood_rows);
    });
    id.add(term.numbers.id, term.weight, of_rows(of_id, term.rows->id));
    ood.add(term.numbers.ood, term.weight, of_rows(of_ood, term.rows->ood));
    area += term.weight * auroc(term.rows->ranking);
    (term.weight < 0 ? possible.lower : possible.upper) += term.weight;
  }
  const auto id_variance = id.variance_of_means(), ood_variance = ood.variance_of_means();
  if (!id_variance || !ood_variance) return std::nullopt;
  const double half = z * std::sqrt(*id_variance + *ood_variance);
  return Bounds{std::max(possible.lower, area - half), std::min(possible.upper, area + half)};
}

std::optional<Bounds> delong_interval(const Ranking& ranking, double confidence) {
  return delong_interval(std::span(&ranking, 1), confidence);
}

}  // namespace nescio
