// Steps of training that a GPU does from a record.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/recorded_work.h"
#include "train/step.h"
#include "train/step_means.h"

namespace nescio::train {

/// Does steps. The first ones are done as they are; then one is recorded (nn::RecordedWork), and those whose tensors
/// have the same names, types and shapes are played from then on, on copies of these. Others are done as they are.
/// A small network spends most of a step on launching kernels; one record is one launch.
class StepRecorder {
 public:
  /// The whole of a step on the device, from the gradients of its loss to the changed parameters.
  using Work = std::function<StepSaid(const TrainingStep&)>;

  /// Records nothing at all unless asked to.
  explicit StepRecorder(bool records = false) : records_(records) {}

  /// Does the step: the same bits either way.
  StepSaid operator()(const TrainingStep& step, const Work& work);

  bool records() const { return records_; }
  /// Why it gave up recording; empty if it did not.
  const std::string& fault() const { return fault_; }

 private:
  /// Name, type and shape of each tensor that the step brings.
  using Shapes = std::vector<std::string>;
  static Shapes shapes_of(const TrainingStep& step);
  void record(const TrainingStep& step, const Work& work);

  bool records_;
  std::string fault_;
  Shapes shapes_;          // of the last step, or of those that are played
  std::int64_t seen_ = 0;  // steps of these shapes, one after the other
  std::unique_ptr<TrainingStep> inputs_;
  StepSaid said_;
  std::unique_ptr<nn::RecordedWork> work_;
};

}  // namespace nescio::train
