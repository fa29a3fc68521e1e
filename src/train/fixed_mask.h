// A mask that is chosen once, at the start of a run, and stays.
#pragma once

#include <string>

#include "train/masks.h"
#include "train/method.h"

namespace nescio::train {

/// What is masked stays 0 whatever the optimiser. The mask is written beside the weights.
class FixedMask : public TrainingMethod {
 public:
  double keep = 0.965;
  std::string scope = "layer";

  void on_make(const MadeFor& made_for) override;
  void on_fresh_start(const RunStart& start) override;
  void before_update(nn::Network& network) override;
  std::map<std::string, Tensors> further_files(const nn::Network&) const override;

 private:
  /// By whose size values stay.
  virtual Tensors scores(const Tensors& kernels) const = 0;

  Tensors masks_;  // by the network's names
};

template <class Object>
std::vector<Parameter<TrainingMethod>> fixed_mask_parameters() {
  return {
      bind_parameter<TrainingMethod, Object, double>(&FixedMask::keep, keep_parameter()),
      bind_parameter<TrainingMethod, Object, std::string>(&FixedMask::scope, scope_parameter())};
}

}  // namespace nescio::train
