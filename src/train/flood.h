// A loss that is kept at a level: below it, the network is driven to forget.
//   L = |beta CE - b| + b
// of the mean cross-entropy of a batch; the gradient is that of beta CE times sign(beta CE - b). Ishida et al.,
// Do We Need Zero Training Loss After Achieving Zero Training Error?, ICML 2020, arXiv:2002.08709.
#pragma once

#include <string>

#include "train/forget_threshold.h"
#include "train/method.h"

namespace nescio::train {

/// The methods that flood differ in where the level comes from and in what is trained.
class FloodedMethod : public TrainingMethod {
 public:
  double beta = 1;

  FloodedMethod();
  void on_make(const MadeFor& made_for) override;
  /// Of a whole batch. Adds the terms "ce", "frac_below" (1 for a batch whose loss lies below b) and "b".
  torch::Tensor loss(TrainingStep& step) override;
  /// That it never acted, if so. Waits for the device.
  Notices closing_remarks() const override;

 protected:
  /// UsageError for a level that guessing does not reach: nothing that was learned would be left.
  void set_level(double b);

 private:
  std::int64_t classes_ = 0;
  torch::Tensor level_;   // b
  torch::Tensor counts_;  // [2]: steps below it, all steps
};

/// The parameter beta of a method that derives from FloodedMethod.
template <class Object>
Parameter<TrainingMethod> beta_parameter() {
  return bind_parameter<TrainingMethod, Object, double>(
      &FloodedMethod::beta,
      {.name = "beta", .doc = "factor of CE", .min = 0, .min_excluded = true});
}

/// The level that Unleashing Mask floods at: a number, or "estimate", the forgetting threshold of the network
/// that a run starts from.
struct FloodLevel {
  std::string b = "estimate";
  double estimate_keep = 0.965;
  std::int64_t masks = 10;
  std::string bn = "stored";

  /// What b is for this run, which starts from a trained network. UsageError for anything but a number of 0 or
  /// more or "estimate", and for a run without start weights.
  double resolve(const RunStart& start) const;
};

/// The parameters of a method that derives from FloodLevel.
template <class Object>
void add_level_parameters(std::vector<Parameter<TrainingMethod>>& to) {
  const When<Object> estimated = {"b=estimate", [](const Object& m) { return m.b == "estimate"; }};
  const auto add = [&]<class T>(T FloodLevel::*member, ParameterInfo info, When<Object> when = {}) {
    to.push_back(
        bind_parameter<TrainingMethod, Object, T>(member, std::move(info), std::move(when)));
  };
  add(&FloodLevel::b,
      {.name = "b",
       .doc = "loss below which the network forgets; estimate: what `nescio "
              "forget-threshold` finds for the start weights, with the run's augmentation"});
  add(&FloodLevel::estimate_keep,
      {.name = "estimate_keep",
       .doc = "share of the weights that stay under the estimate's masks",
       .min = 0,
       .max = 1,
       .min_excluded = true},
      estimated);
  add(&FloodLevel::masks, {.name = "masks", .doc = "of the estimate", .min = 1, .max = 1000},
      estimated);
  add(&FloodLevel::bn,
      {.name = "bn",
       .doc = "normalisation under the estimate's masks",
       .choices = {"stored", "recalibrated"}},
      estimated);
}

}  // namespace nescio::train
