// NNGuide: the energy of the logits, guided by the nearest rows of a bank.
//   s(x) = -E(x) mean_{i = 1 .. k} E_(i) u_(i) . u,  E = log sum_c exp(z_c),  u = h / |h|
//                                                                          higher = more OOD
// (i): the rows of the bank with the largest products; the bank is a share alpha of the training
// rows.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class NNGuide final : public Detector {
 public:
  double alpha = 0.01;
  std::int64_t k = 100;
  std::int64_t seed = 0;
  std::string variant = "paper";
  Array bank;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& all = data.of(fit_on);
    check_directions(in, all, notices);
    statistics::Statistics chosen = all.subset(rows_of_bank(all.rows()));
    const Expr energy = logsumexp(in.logits);
    bank = chosen.values(energy * in.directions());
    if (bank.rows() < wanted()) {
      notices.push_back(text("k = ", k, " is more than the ", bank.rows(), " rows of ", all.name(),
                             " in the bank: the mean is that over all of them"));
    }
    const auto& graph = in.logits.graph();
    const Expr negative = where(energy > 0.0, constant(graph, 0.0), constant(graph, 1.0));
    const double share = chosen.mean(negative)(0, 0);
    if (share == 0) return;
    notices.push_back(
        text("the energy log sum exp(z) of ",
             std::llround(share * static_cast<double>(chosen.rows())), " of the ", chosen.rows(),
             " rows of the bank is not above 0, and these guide the wrong way round. A constant "
             "added to all logits changes no probability; give them with one that makes the "
             "energy positive"));
  }

  Expr score(const Inputs& in) const override {
    const Expr products = over_rows(Over::largest, inner_products(in.directions(), bank));
    const Expr guidance = row_mean(slice_columns(products, 0, std::min(wanted(), bank.rows())));
    return -(logsumexp(in.logits) * guidance);
  }

 private:
  std::size_t wanted() const { return static_cast<std::size_t>(k); }

  /// OpenOOD's loop takes batches of 200 in the order of the file, until they are more than alpha N
  /// rows.
  std::vector<std::size_t> rows_of_bank(std::size_t rows) const {
    const auto share = static_cast<std::size_t>(alpha * static_cast<double>(rows));
    std::vector<std::size_t> chosen(rows);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    if (variant == "openood") {
      chosen.resize(std::min(rows, (share / openood_batch + 1) * openood_batch));
    } else if (share < rows) {
      chosen = Rng(static_cast<std::uint64_t>(seed)).permutation(rows);
      chosen.resize(std::max(share, std::min(wanted(), rows)));
      std::ranges::sort(chosen);
    }
    return chosen;
  }
};

}  // namespace

DetectorInfo nnguide() {
  return describe<NNGuide>({
      .name = "nnguide",
      .summary = "Energy of the logits times the mean product with the nearest training features, "
                 "which count by their own energy.",
      .formula = "s(x) = -E(x) mean_{i = 1 .. k} E_(i) u_(i) . u,  E = log sum_c exp(z_c),  "
                 "u = h / |h|",
      .paper = {"Park, Jung, Teoh", "Nearest Neighbor Guidance for Out-of-Distribution Detection",
                "ICCV 2023", "2309.14888"},
      .needs = {.logits = true, .features = true},
      .cost = "2 alpha N D operations a row: a search that all k share; fitting keeps alpha N rows",
      .fit_on = "train",
      .parameters = {parameter(&NNGuide::alpha,
                               {.name = "alpha",
                                .doc = "share of the training rows in the bank, but at least k "
                                       "rows; pytorch-ood takes all, alpha=1",
                                .min = 0,
                                .max = 1,
                                .min_excluded = true,
                                .sweep = {"0.01", "0.1", "1"}}),
                     parameter(&NNGuide::k, {.name = "k",
                                             .doc = "neighbours whose products are averaged; "
                                                    "pytorch-ood takes 10",
                                             .min = 1,
                                             .sweep = {"10", "100"}}),
                     parameter(
                         &NNGuide::seed,
                         {.name = "seed", .doc = "of the draw of the bank's rows", .min = 0},
                         {"variant=paper", [](const NNGuide& n) { return n.variant == "paper"; }}),
                     parameter(&NNGuide::variant,
                               {.name = "variant",
                                .doc = "openood: the bank is the first rows, in batches of 200 "
                                       "until they are more than alpha N",
                                .choices = {"paper", "openood"}})},
      .learned = {learned(&NNGuide::bank, "bank", "E_i u_i of the bank's rows [n, D]")},
      .deviations = {"rows are drawn at random with a seed, as in the paper; OpenOOD takes the "
                     "first ones (variant=openood), which are few classes where the file is "
                     "sorted by them",
                     "a bank of less than k rows is averaged as it is, where OpenOOD's search "
                     "fills up with the smallest float",
                     "a zero feature stays zero, where OpenOOD divides by zero"},
  });
}

}  // namespace nescio::detectors
