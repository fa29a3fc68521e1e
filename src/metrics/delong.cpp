#include "metrics/delong.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "metrics/curves.h"
#include "metrics/distributions.h"
#include "metrics/row_sums.h"

namespace nescio::metrics {

namespace {

/// The placement of a row is the share of the other side that it beats, ties counting one half; the
/// placements of either side have the area as their mean.
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

std::vector<double> of_rows(const std::vector<double>& of_steps,
                            const std::vector<std::uint32_t>& steps) {
  std::vector<double> out;
  out.reserve(steps.size());
  for (const std::uint32_t step : steps) out.push_back(of_steps[step]);
  return out;
}

}  // namespace

std::optional<Bounds> delong_interval(std::span<const RankingTerm> terms, double confidence) {
  // The steps are enough, and the rows need not be visited in their own order.
  if (terms.size() == 1 && terms[0].weight == 1) {
    return delong_interval(terms[0].rows->ranking, confidence);
  }
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
  const double z = normal_z(confidence);
  if (ranking.id_count < 2 || ranking.ood_count < 2) return std::nullopt;
  const double area = auroc(ranking);
  double id_squares = 0;
  double ood_squares = 0;
  visit_placements(ranking, [&](const Step& step, double of_id, double of_ood) {
    id_squares += step.id * (of_id - area) * (of_id - area);
    ood_squares += step.ood * (of_ood - area) * (of_ood - area);
  });
  const auto variance_of_mean = [](double squares, std::size_t rows) {
    const auto count = static_cast<double>(rows);
    return squares / ((count - 1) * count);
  };
  const double half = z * std::sqrt(variance_of_mean(id_squares, ranking.id_count) +
                                    variance_of_mean(ood_squares, ranking.ood_count));
  return Bounds{std::max(0.0, area - half), std::min(1.0, area + half)};
}

}  // namespace nescio::metrics
