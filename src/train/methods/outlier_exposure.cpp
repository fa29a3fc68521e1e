// Outlier exposure: auxiliary outliers get the uniform distribution as their label.
//   loss = CE(f(x), y) + w_oe U(f(o)),   U(z) = mean_b [logsumexp(z_b) - mean_c z_bc]
#include <algorithm>

#include "train/losses.h"
#include "train/method.h"

namespace nescio::train {
namespace {

class OutlierExposure final : public TrainingMethod {
 public:
  double w_oe = 0.5;
  std::int64_t top = 0;
  std::string forward = "joint";

  bool needs_whole_batch() const override { return top > 0; }
  bool joint_forward() const override { return forward == "joint"; }

  torch::Tensor loss(TrainingStep& step) override {
    torch::Tensor rows = uniform_cross_entropy_rows(step.outlier_logits);
    if (top > 0) rows = std::get<0>(rows.topk(std::min(top, rows.size(0))));
    return step.term("oe", w_oe * step.of_outliers(rows.mean()));
  }
};

}  // namespace

namespace methods {
MethodInfo outlier_exposure() {
  return describe_method<OutlierExposure>(
      {.name = "outlier_exposure",
       .aliases = {"oe"},
       .role = MethodRole::term,
       .repeats = true,
       .summary =
           "Outlier exposure (OE): cross-entropy, and the uniform distribution as the label of "
           "outliers. Its floor is w_oe log C. Score with msp.",
       .formula = "CE(f(x), y) + w_oe mean_b [logsumexp(z_b) - mean_c z_bc], z = f(outliers)",
       .paper = "Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, "
                "ICLR 2019, arXiv:1812.04606",
       .needs = {.outliers = true, .outlier_logits = true},
       .parameters = {
           method_parameter(&OutlierExposure::w_oe,
                            {.name = "w_oe",
                             .doc = "weight of the outliers' term, a mean, so whatever "
                                    "outlier_batch; 0.5 in the authors' code, 1 in MixOE's",
                             .min = 0,
                             .max = 1e6}),
           method_parameter(&OutlierExposure::top,
                            {.name = "top",
                             .doc = "only the outliers of a batch with so many largest terms "
                                    "count, 32 in an option of the authors' code; 0: all",
                             .min = 0,
                             .max = 65536},
                            {"w_oe above 0", [](const OutlierExposure& m) { return m.w_oe > 0; }}),
           method_parameter(&OutlierExposure::forward,
                            {.name = "forward",
                             .doc = "joint: pictures and outliers as one batch, as the authors "
                                    "have it; separate: batch normalisation sees them apart",
                             .choices = {"joint", "separate"}})}});
}
}  // namespace methods
}  // namespace nescio::train
