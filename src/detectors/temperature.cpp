// Temperature scaling: maximum softmax probability at the temperature that calibrates the network.
//   s(x) = log (1 - p) / p,  p = max_c softmax(z / T)_c                    higher = more OOD
//   T = argmin_T mean -log softmax(z / T)_y over the rows of `fit_on`
// The mean is convex in 1 / T and has one minimum, which Newton's method finds. As with `msp`
// log-odds do not tie where p is nearly 1; variant=openood gives -p.
#include <algorithm>
#include <cmath>

#include "detectors/detector.h"
#include "detectors/increasing_root.h"

namespace nescio::detectors {
namespace {

struct Calibration {
  double T = 1;
  std::string bounded = {};  // what lies beyond, where the optimum is not within the bounds
};

class Temperature final : public Detector {
 public:
  std::string variant = "paper";
  double T = 1;

  void fit(const Inputs& in, const FitData& data) override {
    check(in);
    statistics::Statistics& statistics = data.of(fit_on);
    const auto& found = statistics.derived<Calibration>(
        "calibration", in.logits, [&] { return calibrate(in.logits, statistics); });
    T = found.T;
    const auto& rows = statistics.class_counts();
    if (const auto without = std::ranges::count(rows, std::size_t{0}); without > 0) {
      notices.push_back(text(statistics.name(), " has no row of ", without, " of the ", rows.size(),
                             " classes; T is that of the others"));
    }
    if (!found.bounded.empty()) {
      notices.push_back(text(found.bounded, "; T stays at ", T));
    }
  }

  Expr score(const Inputs& in) const override {
    check(in);
    const Expr z = in.logits / T;
    if (variant == "openood") return -row_max(softmax(z));
    return log_odds(z);
  }

 private:
  // 1 / T times the spread of the logits: from hardly a difference to probabilities of 0 and 1.
  static constexpr double smallest_spread = 1e-2, largest_spread = 1e4;

  static void check(const Inputs& in) {
    if (in.logits.width() >= 2) return;
    fail("temperature: expected at least 2 classes, found ", in.logits.width());
  }

  /// The slope of the mean by beta = 1 / T, and the slope of that: with p = softmax(beta z) the mean over the
  /// rows of E_p[z_c - z_y] and of the variance of z_c under p.
  static ValueAndSlope slope(const Expr& logits, statistics::Statistics& statistics, double beta) {
    const auto labels = statistics.labels();
    const Matrix sums =
        statistics.reduce(logits, Matrix(1, 2), [&](const statistics::Rows& rows, Matrix& to) {
          for (std::size_t r = 0; r < rows.count(); ++r) {
            const auto z = rows.row(r);
            const double largest = std::ranges::max(z);
            const double own = z[static_cast<std::size_t>(labels[rows.first + r])];
            double weight = 0, first = 0, second = 0;
            for (const double v : z) {
              const double w = std::exp(beta * (v - largest));
              weight += w;
              first += w * (v - own);
              second += w * (v - own) * (v - own);
            }
            const double mean = first / weight;
            to.values[0] += mean;
            to.values[1] += second / weight - mean * mean;
          }
        });
    const auto count = static_cast<double>(statistics.rows());
    return {sums.values[0] / count, sums.values[1] / count};
  }

  static Calibration calibrate(const Expr& logits, statistics::Statistics& statistics) {
    const double spread = std::sqrt(slope(logits, statistics, 0).slope);
    if (!(spread > 0)) {
      fail("the logits of each row of ", statistics.name(),
           " are all the same, whatever the temperature");
    }
    const double low = smallest_spread / spread, high = largest_spread / spread;
    const auto of_beta = [&](double beta) { return slope(logits, statistics, beta); };
    if (of_beta(low).value >= 0) {
      return {1 / low, text("the labels of ", statistics.name(),
                            " are hardly likelier under its logits than by chance, and the larger "
                            "T, the better; look whether both number the classes alike")};
    }
    if (of_beta(high).value <= 0) {
      return {1 / high, text("hardly a row of ", statistics.name(),
                             " is classified wrong, and the smaller T, the better; fit it on rows "
                             "that the network was not trained on")};
    }
    return {1 / increasing_root(of_beta, 1 / spread, low, high)};
  }
};

}  // namespace

DetectorInfo temperature() {
  return describe<Temperature>({
      .name = "temperature",
      .summary = "Maximum softmax probability at the temperature that calibrates the network, as "
                 "log-odds.",
      .formula = "s(x) = log (1 - p) / p,  p = max_c softmax(z / T)_c,  T = argmin_T mean -log "
                 "softmax(z / T)_y",
      .paper = {"Guo, Pleiss, Sun, Weinberger", "On Calibration of Modern Neural Networks",
                "ICML 2017", "1706.04599"},
      .needs = {.logits = true, .labels = true},
      .cost = "O(C) a row; fitting takes some 10 passes over the logits",
      .fit_on = "val",
      .parameters = {parameter(
          &Temperature::variant,
          {.name = "variant", .doc = "openood: -p itself", .choices = {"paper", "openood"}})},
      .learned = {learned(&Temperature::T, "T", "temperature [1]")},
      .aliases = {"temp_scaling", "temperature_scaling"},
      .deviations =
          {"log-odds instead of -p: same order, no ties from saturation",
           "T is the optimum; the L-BFGS of OpenOOD (from 1.5) and pytorch-ood (from 1) "
           "stops after 50 short steps, often far from it: take msp(T=...) for their "
           "scores",
           "T is bounded where the optimum is 0 (every row is classified right) or infinite "
           "(labels are no likelier than by chance)"},
  });
}

}  // namespace nescio::detectors
