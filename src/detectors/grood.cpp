// GROOD: how the feature would move a prototype of OOD, compared with how training rows do.
//   s(x) = min_j |g(x) - g_j|^2,  g = p_o (h - m_o) / |h - m_o|,
//   p_o = exp(-|h - m_o|) / (exp(-|h - m_o|) + sum_c exp(-|h - m_c|))      higher = more OOD
// g: gradient by m_o of the cross-entropy over the distances to the prototypes, in closed form; m_c:
// class means, m_o: prototype of OOD, g_j: of the training rows that are classified right. mode=norm
// gives |g|_1, mode=distance -|h - m_o|.
#include <algorithm>

#include "detectors/right_rows.h"

namespace nescio::detectors {
namespace {

class Grood final : public Detector {
 public:
  std::string mode = "nearest";
  std::string prototype = "mean";
  std::string variant = "openood";
  Matrix means;          // m_c [C, D]; with mode=distance empty
  Matrix ood_prototype;  // m_o [1, D]
  Array gradients;       // g_j [n, D]; with mode=nearest

  Needs needs() const override {
    Needs needs = described_needs;
    needs.logits = mode == "nearest";
    needs.labels = reads_train();
    return needs;
  }
  std::vector<std::string> fits_on() const override {
    std::vector<std::string> roles;
    if (reads_train()) roles.push_back(fit_on);
    if (prototype == "ood_val") roles.emplace_back("ood_val");
    return roles;
  }

  void fit(const Inputs& in, const FitData& data) override {
    means = {};
    gradients = {};
    if (prototype == "ood_val") ood_prototype = mean_of(in, data.ood_val);
    if (!reads_train()) return;
    statistics::Statistics& statistics = data.of(fit_on);
    means = statistics.class_mean(in.features);
    if (prototype == "mean") ood_prototype = mean_of_classes(means);
    if (mode == "nearest") gradients = of_right_rows(in, statistics);
    if (mode == "distance") means = {};
  }

  Expr score(const Inputs& in) const override {
    if (mode == "distance") return -l2_norm(in.features - ood_prototype);
    if (mode == "norm") return l1_norm(gradient(in));
    return column(over_rows(Over::smallest, squared_distances(gradient(in), gradients)), 0);
  }

 private:
  bool reads_train() const { return mode != "distance" || prototype == "mean"; }

  /// By m_o; 0 at m_o itself.
  Expr gradient(const Inputs& in) const {
    const Expr away = in.features - ood_prototype;
    const Expr to_ood = -l2_norm(away);
    const Expr to_any = logaddexp(to_ood, logsumexp(-sqrt(squared_distances(in.features, means))));
    return exp(to_ood - to_any) * unit_rows(away);
  }

  static Matrix mean_of(const Inputs& in, const std::vector<statistics::Statistics*>& splits) {
    if (splits.empty()) {
      fail("prototype=ood_val is fitted on ood_val, and no ood_val=SET/SPLIT is given");
    }
    double rows = 0;
    for (statistics::Statistics* split : splits) rows += static_cast<double>(split->rows());
    Matrix out(1, in.features.width());
    for (statistics::Statistics* split : splits) {
      const double share = static_cast<double>(split->rows()) / rows;
      const Matrix& mean = split->mean(in.features);
      for (std::size_t d = 0; d < out.cols; ++d) out.values[d] += share * mean.values[d];
    }
    return out;
  }

  static Matrix mean_of_classes(const Matrix& means) {
    if (means.rows < 2) {
      fail("prototype=mean lies between at least 2 classes, found ", means.rows,
           "; take prototype=ood_val");
    }
    Matrix out(1, means.cols);
    for (std::size_t c = 0; c < means.rows; ++c) {
      for (std::size_t d = 0; d < means.cols; ++d) {
        out.values[d] += means(c, d) / static_cast<double>(means.rows);
      }
    }
    return out;
  }

  Array of_right_rows(const Inputs& in, statistics::Statistics& statistics) const {
    const std::size_t rows = statistics.rows();
    const std::size_t lost = variant == "openood" ? lost_rows(rows) : rows;
    std::vector<std::size_t> kept;
    for (const std::size_t r : right_rows(in, statistics)) {
      if (r < lost || r >= lost + openood_batch) kept.push_back(r);
    }
    if (kept.empty()) {
      fail("no row of ", statistics.name(),
           " is classified right, so there is no gradient to compare with; look whether labels "
           "and logits number the classes alike");
    }
    return statistics.subset(kept).values(gradient(in));
  }

  /// The first row of the batch at which OpenOOD trains its index, and which it then never adds; all rows where that
  /// is the only batch, on which it fails.
  static std::size_t lost_rows(std::size_t rows) {
    const std::size_t batches = (rows + openood_batch - 1) / openood_batch;
    if (batches < 2) return rows;
    const auto trained_at = static_cast<std::size_t>(0.8 * static_cast<double>(batches));
    return std::min<std::size_t>(600, trained_at) * openood_batch;
  }
};

}  // namespace

DetectorInfo grood() {
  return describe<Grood>({
      .name = "grood",
      .summary = "Distance to the nearest training gradient by a prototype of OOD.",
      .formula = "s(x) = min_j |g - g_j|^2,  g = p_o (h - m_o) / |h - m_o|,  p = softmax(-|h - "
                 "m_c|, -|h - m_o|)",
      .paper = {"ElAraby, Sahoo, Pequignot, Novello, Paull",
                "GROOD: GRadient-Aware Out-of-Distribution Detection", "TMLR 2025", "2312.14427"},
      .needs = {.logits = true, .features = true, .labels = true},
      .cost = "2 N D operations a row: a search among the N gradients that fitting keeps; "
              "mode=norm O(C D), mode=distance O(D)",
      .fit_on = "train",
      .parameters =
          {parameter(&Grood::mode,
                     {.name = "mode",
                      .doc = "nearest: squared distance to the nearest training gradient; norm: L1 "
                             "norm of the gradient; distance: minus the distance to the prototype "
                             "of OOD",
                      .choices = {"nearest", "norm", "distance"}}),
           parameter(&Grood::prototype,
                     {.name = "prototype",
                      .doc = "m_o. mean: of the class means; ood_val: of the rows of the splits "
                             "named by ood_val=, which OpenOOD takes (pictures of noise are such "
                             "a split, too)",
                      .choices = {"mean", "ood_val"}}),
           parameter(&Grood::variant,
                     {.name = "variant",
                      .doc = "openood: without the gradients of the batch of 200 rows that its "
                             "index loses; paper: all",
                      .choices = {"openood", "paper"}},
                     {"mode=nearest", [](const Grood& g) { return g.mode == "nearest"; }})},
      .learned = {sometimes(learned(&Grood::means, "means", "m_c [C, D]")),
                  learned(&Grood::ood_prototype, "ood_prototype", "m_o [1, D]"),
                  sometimes(learned(&Grood::gradients, "gradients",
                                    "g_j of the training rows that are classified right [n, D]"))},
      .deviations =
          {"the prototype of OOD is a mean of features; the paper mixes rows and prototypes of an "
           "early layer, which needs the network, and at the last layer lies between the classes "
           "as mean does",
           "OpenOOD's prototype is the mean of ood_val, prototype=ood_val: OOD data that other "
           "detectors do not see",
           "OpenOOD's search of 4 cells of an index may miss the nearest gradient; this one is "
           "exact. The batch at which that index is trained, number min(600, 0.8 of them), is "
           "never added to it; as its scores are the published ones, so it is here, "
           "variant=paper takes all",
           "OpenOOD's k has no effect on its score, nor has its grid"},
  });
}

}  // namespace nescio::detectors
