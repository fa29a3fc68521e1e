// Temperature scaling: maximum softmax probability at the temperature that calibrates the network.
//   s(x) = log (1 - p) / p,  p = max_c softmax(z / T)_c                    higher = more OOD
//   T = argmin_T mean -log softmax(z / T)_y over the rows of `fit_on`
// The mean is convex in 1 / T and has one minimum, which Newton's method finds: some 8 passes over
// the logits, then O(C) a row. As with `msp` log-odds do not tie where p is nearly 1;
// variant=openood gives -p.
#include <algorithm>
#include <cmath>

#include "detectors/detector.h"
#include "detectors/increasing_root.h"

namespace nescio::detectors {
namespace {

struct Calibration {
  double T = 1;
  bool bounded = false;
};

class Temperature final : public Detector {
 public:
  std::string variant = "paper";
  double T = 1;

  void fit(const Inputs& in, const FitData& data) override {
    check(in);
    statistics::Statistics& statistics = data.of(fit_on);
    statistics.require_every_class();
    const auto& found = statistics.derived<Calibration>(
        "calibration", in.logits, [&] { return calibrate(in.logits, statistics); });
    T = found.T;
    if (!found.bounded) return;
    notices.push_back(
        text("hardly a row of ", statistics.name(),
             " is classified wrong, so the smaller T, the likelier the labels; T stays at ", T,
             ", where 1 / T times the spread of the logits is ", largest_spread,
             ". Fit it on rows that the network was not trained on"));
  }

  Expr score(const Inputs& in) const override {
    check(in);
    const Expr z = in.logits / T;
    if (variant == "openood") return -row_max(softmax(z));
    return log_odds(z);
  }

 private:
  static constexpr double largest_spread = 1e4;

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
    const auto [chance, variance] = slope(logits, statistics, 0);
    if (!(chance < 0)) {
      fail("the labels of ", statistics.name(),
           " are not likelier under its logits than by chance, so no temperature calibrates them; "
           "look whether labels and logits number the classes alike");
    }
    const double spread = std::sqrt(variance);
    const double largest = largest_spread / spread;
    if (slope(logits, statistics, largest).value <= 0) return {1 / largest, true};
    const auto of_beta = [&](double beta) { return slope(logits, statistics, beta); };
    return {1 / increasing_root(of_beta, 1 / spread, 0, largest), false};
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
      .fit_on = "val",
      .parameters = {parameter(
          &Temperature::variant,
          {.name = "variant", .doc = "openood: -p itself", .choices = {"paper", "openood"}})},
      .learned = {learned(&Temperature::T, "T", "temperature [1]")},
      .aliases = {"temp_scaling", "temperature_scaling"},
      .deviations = {"log-odds instead of -p: same order, no ties from saturation",
                     "T is the optimum; the L-BFGS of OpenOOD (from 1.5) and pytorch-ood (from 1) "
                     "stops after 50 short steps, often far from it: take msp(T=...) for their "
                     "scores",
                     "where every row is classified right the optimum is T = 0, and T is bounded"},
  });
}

}  // namespace nescio::detectors
