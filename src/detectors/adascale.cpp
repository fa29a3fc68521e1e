// AdaSCALE: scales features as SCALE does, by a share of largest entries that differs from row to row.
//   Q' = C + lambda Q,  p = p_min + (1 - F(Q')) (p_max - p_min),  F = distribution of Q' over ID rows of validation
//   r = sum(f) / sum(largest k of f),  f = max(h, 0),  k = D - round(p D)
//   scale=features (AdaSCALE-A): h' = e^r h, z' = e^r (z - b) + b;  scale=logits (AdaSCALE-L): z' = r^2 z
// The probe `adascale` (extract/probes/adascale.cpp) keeps Q, how far the largest features move when the picture does
// where it matters least, and C, what is left of them, in the bank the array `adascale(...)` [N, 2]: what moves more
// than ID pictures gets a smaller p, and is scaled less. From one extraction every p_min, p_max and lambda follows.
// A row without a positive feature stays as it is; r is cut at 80.
#include <algorithm>
#include <cmath>
#include <limits>

#include "detectors/detector.h"
#include "detectors/largest_entries.h"

namespace nescio::detectors {
namespace {

class AdaScale final : public Shaper {
 public:
  std::string scale = "features";
  double p_min = 0.75, p_max = 0.85, lambda = 10;
  double epsilon = 0.5, o = 0.05, k1 = 0.05, k2 = 0.01;
  Matrix usual;

  Needs needs() const override {
    return {.logits = true, .features = true, .head = scale == "features", .arrays = {array()}};
  }

  void fit(const Inputs& in, const FitData& data) override {
    const Array rows = data.of(fit_on).values(shift(in)).to_float64();
    const auto values = rows.as<double>();
    usual = Matrix(1, values.size(), {values.begin(), values.end()});
    std::ranges::sort(usual.values);
  }

  Inputs shape(const Inputs& in) const override {
    const Expr f = max(in.features, 0.0);
    const Expr p = p_min + (1.0 - ecdf(shift(in), usual)) * (p_max - p_min);
    const Expr largest =
        gather_columns(cumsum(sorted(f, Sort::descending)), last_of_largest(p, f.width()));
    if (scale == "features") return in.with_scaled_features(scaling_factor(row_sum(f), largest));
    const Expr r = where(largest > 0.0, row_sum(f) / largest, constant(f.graph(), 1.0));
    return in.with_scaled_logits(r * r);
  }

 private:
  Expr shift(const Inputs& in) const {
    const Expr kept = in.array(array());
    return column(kept, 1) + column(kept, 0) * lambda;
  }

  /// k - 1 = D - 1 - round(p D), at least 0, as an index. As numpy rounds: halves go to the even number.
  static Expr last_of_largest(const Expr& p, std::size_t width) {
    // -p D passes the border -(m + 1/2) where round(p D) falls to m.
    std::vector<double> borders;
    for (std::size_t m = width - 1; m-- > 0;) {
      const auto border = static_cast<float>(-(static_cast<double>(m) + 0.5));
      borders.push_back(m % 2 == 0 ? border
                                   : std::nextafter(border, std::numeric_limits<float>::max()));
    }
    borders.push_back(1);  // which none passes: a table of one feature is not empty
    const std::size_t count = borders.size();
    return bucketize(p * -static_cast<double>(width), Matrix(count, 1, std::move(borders)));
  }

  /// What the probe with these parameters adds.
  std::string array() const {
    return text("adascale(epsilon=", format_number(epsilon), ",o=", format_number(o),
                ",k1=", format_number(k1), ",k2=", format_number(k2), ")");
  }
};

Parameter<Stage> share(double AdaScale::*member, const std::string& name, const std::string& doc,
                       std::vector<std::string> sweep = {}) {
  return parameter(member, {.name = name,
                            .doc = doc,
                            .min = 0,
                            .max = 1,
                            .min_excluded = true,
                            .sweep = std::move(sweep)});
}

}  // namespace

DetectorInfo adascale() {
  return describe<AdaScale>({
      .name = "adascale",
      .summary =
          "Scales features or logits as SCALE does, the less the more the features change when "
          "the picture does where it matters least.",
      .formula =
          "h' = e^r h or z' = r^2 z,  r = sum(f) / sum(largest k of f),  f = max(h, 0),  k = D "
          "- round(p D),  p = p_min + (1 - F(C + lambda Q)) (p_max - p_min)",
      .paper = {"Regmi", "AdaSCALE: Adaptive Scaling for OOD Detection", "2025", "2503.08023"},
      .needs = AdaScale().needs(),
      .cost = "O(D log D + C) a row: a sort, which all settings share, and a search among N "
              "values; the probe's passes, forward and back, are what it costs",
      .fit_on = "val",
      .parameters =
          {parameter(&AdaScale::scale, {.name = "scale",
                                        .doc = "features: AdaSCALE-A; logits: AdaSCALE-L",
                                        .choices = {"features", "logits"}}),
           share(&AdaScale::p_min, "p_min",
                 "share of the entries that are not counted as largest in a row that changes more "
                 "than "
                 "all ID rows",
                 {"0.6", "0.65", "0.7", "0.75", "0.8", "0.85"}),
           share(&AdaScale::p_max, "p_max", "the same in a row that changes less than all of them",
                 {"0.8", "0.85", "0.9", "0.95"}),
           parameter(&AdaScale::lambda,
                     {.name = "lambda", .doc = "weight of Q, the change, beside C", .min = 0}),
           parameter(&AdaScale::epsilon, {.name = "epsilon",
                                          .doc = "length of the probe's step",
                                          .unit = "of the network's input",
                                          .min = 0}),
           share(&AdaScale::o, "o", "of the probe: share of the picture's values that move"),
           share(&AdaScale::k1, "k1", "of the probe: share of the features that C adds up"),
           share(&AdaScale::k2, "k2", "of the probe: share of the features that Q adds up")},
      .learned = {learned(&AdaScale::usual, "usual", "C + lambda Q of ID rows, ascending [1, n]")},
      .aliases = {"adascale_a", "adascale_l"},
      .deviations =
          {"F is that of all rows of fit_on; OpenOOD draws some of them without a seed",
           "a share of features is at least one of them, where OpenOOD rounds 1 % of 64 down to "
           "none",
           "the network's own logits are scaled; the authors recompute them from the head",
           "features of both signs, as transformers have them: negative ones count as 0 in r, and "
           "are "
           "scaled with the rest; a row without a positive feature stays as it is, and r ends at "
           "80"},
  });
}

}  // namespace nescio::detectors
