#include "detectors/fusion.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace nescio::detectors {
namespace {

constexpr std::size_t steps = 1000;  // between the smallest and the largest score

/// 1 / width of a line, finite in float32 however close two scores are.
double slope_of(double width) { return std::min(1 / width, 1e30); }

/// The lines that the scores of one detector follow, by how many quantiles they reach: where a line begins,
/// its slope, and its value there. [steps + 2, 3]
Matrix lines_of(const Matrix& quantiles, std::size_t member) {
  const auto quantile = [&](std::size_t k) { return quantiles(k, member); };
  const double outside = slope_of(quantile(steps) - quantile(0));
  Matrix lines(steps + 2, 3);
  const auto set = [&](std::size_t row, double begin, double slope, double value) {
    lines(row, 0) = begin;
    lines(row, 1) = slope;
    lines(row, 2) = value;
  };
  set(0, quantile(0), outside, 0);
  for (std::size_t k = 0; k < steps; ++k) {
    const double width = quantile(k + 1) - quantile(k);
    // Of equal quantiles the last one counts: no score lies on a line of no width.
    set(k + 1, quantile(k), width > 0 ? slope_of(steps * width) : 0,
        static_cast<double>(k) / steps);
  }
  set(steps + 1, quantile(steps), outside, 1);
  return lines;
}

}  // namespace

void Fusion::fit(const Inputs& in, const FitData& data) {
  Combinator::fit(in, data);
  statistics::Statistics& statistics = data.of(fit_on);
  const Expr all = scores(in);
  if (normalise == "zscore") {
    location = statistics.mean(all);
    const Expr rest = all - location;
    scale = statistics.mean(rest * rest);
    for (std::size_t i = 0; i < members.size(); ++i) {
      double& d = scale.values[i];
      d = std::sqrt(d);
      const double rounding = std::numeric_limits<float>::epsilon() * std::abs(location.values[i]);
      require_spread(i, d - rounding, statistics);
    }
    return;
  }
  std::vector<double> shares(steps + 1);
  for (std::size_t k = 0; k <= steps; ++k) shares[k] = static_cast<double>(k) / steps;
  quantiles = Matrix(steps + 1, members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::vector<double> of_member = statistics.quantiles(column(all, i), shares);
    for (std::size_t k = 0; k <= steps; ++k) quantiles(k, i) = of_member[k];
    require_spread(i, of_member.back() - of_member.front(), statistics);
  }
}

void Fusion::require_spread(std::size_t member, double spread,
                            const statistics::Statistics& rows) const {
  if (spread > 0) return;
  fail(members[member].spec(), " gives all ", rows.rows(), " rows of ", rows.name(),
       " the same score, so it has no scale; leave it out");
}

Expr Fusion::normalised(const Inputs& in) const {
  const Expr all = scores(in);
  if (normalise == "zscore") return (all - location) / scale;
  if (quantiles.rows != steps + 1 || quantiles.cols != members.size()) {
    fail("expected ", steps + 1, " quantiles of each of ", members.size(), " detectors, found ",
         quantiles.rows, " of ", quantiles.cols);
  }
  const Expr reached = bucketize(all, quantiles);
  std::vector<Expr> columns;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Expr line = take_row(lines_of(quantiles, i), column(reached, i));
    columns.push_back((column(all, i) - column(line, 0)) * column(line, 1) + column(line, 2));
  }
  return concat(columns);
}

}  // namespace nescio::detectors
