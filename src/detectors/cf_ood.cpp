// CF-OOD: how many neighbours of a reference row the feature would have to be among.
//   s(x) = min { rho_j : share of reference rows r with d_j(r) >= d(x, r) is at least k }, else 1
//                                                                          higher = more OOD
// d: squared distance of unit features; d_j(r): that of r to its neighbour number rho_j n among the
// n reference rows, a share alpha of the training rows. rho_j: up to 230 fractions from 0.001 to
// 0.99, so that many rows tie. It is free of concentration: a distance counts as the rank that it
// has.
#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

/// The fractions rho_j and the rank of that neighbour among the sorted distances of n rows, of
/// which the first is the row itself. Of fractions that mean the same neighbour the first is kept.
struct Grid {
  std::vector<double> fractions;
  std::vector<std::int64_t> ranks;

  explicit Grid(std::size_t n) {
    const auto line = [&](double from, double to, int count) {  // as numpy's linspace
      const double step = (to - from) / (count - 1);
      for (int i = 0; i < count; ++i) {
        const double fraction = i + 1 == count ? to : i * step + from;
        const auto neighbour = static_cast<std::int64_t>(fraction * static_cast<double>(n) - 1);
        if (!ranks.empty() && neighbour + 1 <= ranks.back()) continue;
        fractions.push_back(fraction);
        ranks.push_back(neighbour + 1);
      }
    };
    line(0.001, 0.1, 100);
    line(0.105, 0.5, 81);
    line(0.51, 0.99, 49);
  }
};

/// Reference rows and what they have around them: all that does not depend on k.
struct Reference {
  Array rows;
  Matrix distances;
  Matrix fractions;
};

Reference look_around(statistics::Statistics reference, const Expr& u) {
  Reference out;
  out.rows = reference.values(u);
  const Grid grid(reference.rows());
  const Expr near_to_far = sorted(squared_distances(u, out.rows));
  from_array(reference.values(select_columns(near_to_far, grid.ranks)), out.distances);
  out.fractions = Matrix(1, grid.fractions.size(), grid.fractions);
  return out;
}

class CfOod final : public Detector {
 public:
  double alpha = 0.1;
  double k = 0.01;
  std::int64_t seed = 0;
  Array rows;        // u_r [n, D]
  Matrix distances;  // d_j(r) [n, J]
  Matrix fractions;  // rho_j [1, J]

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& all = data.of(fit_on);
    check_directions(in, all, notices);
    const auto chosen = reference_rows(all.rows());
    if (chosen.size() < 2) {
      fail("alpha = ", alpha, " of the ", all.rows(), " rows of ", all.name(), " leaves ",
           chosen.size(), " reference rows, which need a neighbour; take a larger alpha");
    }
    // For every k of a sweep once: O(n^2 D).
    const Expr u = in.directions();
    const auto& reference = all.derived<Reference>(
        text("reference rows ", format_number(alpha), " ", alpha == 1 ? 0 : seed), u,
        [&] { return look_around(all.subset(chosen), u); });
    rows = reference.rows;
    distances = reference.distances;
    fractions = reference.fractions;
  }

  Expr score(const Inputs& in) const override {
    // Of each reference row, how many of its d_j are not below the distance: they ascend with j, so
    // these are the last ones.
    const std::size_t levels = distances.cols;
    Matrix borders(levels, distances.rows);
    for (std::size_t r = 0; r < distances.rows; ++r) {
      for (std::size_t j = 0; j < levels; ++j) borders(levels - 1 - j, r) = -distances(r, j);
    }
    const Expr reached = bucketize(-squared_distances(in.directions(), rows), borders);
    const Expr enough = column(sorted(reached, Sort::descending), rows_wanted() - 1);
    Matrix value(levels + 1, 1, 1.0);
    for (std::size_t count = 1; count <= levels; ++count) {
      value(count, 0) = fractions.values[levels - count];
    }
    return take_row(value, enough);
  }

 private:
  std::vector<std::size_t> reference_rows(std::size_t all) const {
    std::vector<std::size_t> chosen(all);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    if (alpha == 1) return chosen;
    chosen = Rng(static_cast<std::uint64_t>(seed)).permutation(all);
    chosen.resize(static_cast<std::size_t>(alpha * static_cast<double>(all)));
    std::ranges::sort(chosen);
    return chosen;
  }

  /// The least count that is a share of at least k. Shares are compared as floats, where 40 of
  /// 4,000 are 0.01.
  std::size_t rows_wanted() const {
    const auto n = static_cast<float>(distances.rows);
    std::size_t count = 1;
    while (static_cast<float>(count) / n < static_cast<float>(k)) ++count;
    return count;
  }
};

}  // namespace

DetectorInfo cf_ood() {
  return describe<CfOod>({
      .name = "cf_ood",
      .summary = "The share of neighbours that a fraction k of the reference rows must have for "
                 "the feature to be among them.",
      .formula = "s(x) = min { rho_j : share of reference rows r with d_j(r) >= d(x, r) is at "
                 "least k }, else 1",
      .paper = {"Angiulli, Fassetti, Zupi",
                "CF-OOD, after the concentration-free outlier factor (CFOF)", "in OpenOOD, 2025",
                ""},
      .needs = {.features = true},
      .cost = "O(n (D + log 230)) a row for the n = alpha N reference rows, which fitting keeps "
              "after O(n^2 D)",
      .fit_on = "train",
      .parameters = {parameter(&CfOod::alpha,
                               {.name = "alpha",
                                .doc = "share of the training rows that are reference rows",
                                .min = 0,
                                .max = 1,
                                .min_excluded = true,
                                .sweep = {"0.1", "0.5", "1"}}),
                     parameter(&CfOod::k, {.name = "k",
                                           .doc = "share of the reference rows that must have the "
                                                  "feature among their neighbours",
                                           .min = 0,
                                           .max = 1,
                                           .min_excluded = true,
                                           .sweep = {"0.001", "0.005", "0.01", "0.05"}}),
                     parameter(&CfOod::seed,
                               {.name = "seed", .doc = "of the draw of reference rows", .min = 0},
                               {"alpha below 1", [](const CfOod& c) { return c.alpha < 1; }})},
      .learned = {learned(&CfOod::rows, "rows", "unit features of the reference rows [n, D]"),
                  learned(&CfOod::distances, "distances",
                          "squared distance of each to its neighbours at rho_j [n, J]"),
                  learned(&CfOod::fractions, "fractions", "rho_j [1, J]")},
      .aliases = {"cfood"},
      .deviations = {"reference rows are drawn with a seed; OpenOOD draws others each time",
                     "a zero feature stays zero"},
  });
}

}  // namespace nescio::detectors
