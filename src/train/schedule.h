// The learning rate as a function of the step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/settings.h"

namespace nescio::train {

/// With t the step, T their number and w the warm-up:
///   t < w      lr (t + 1) / w
///   cosine     lr_min + (lr - lr_min) (1 + cos(pi (t - w) / (T - w))) / 2
///              Loshchilov, Hutter, ICLR 2017, arXiv:1608.03983, without restarts
///   step       lr decay^(milestones <= t)
///   constant   lr
class Schedule {
 public:
  /// Error if milestones are missing or not rising.
  Schedule(const TrainSettings& settings, std::int64_t steps);
  double at(std::int64_t step) const;
  /// Where schedule=step falls.
  const std::vector<std::int64_t>& milestones() const { return milestones_; }

 private:
  double lr_, lr_min_, decay_;
  std::int64_t steps_, warmup_;
  std::string kind_;
  std::vector<std::int64_t> milestones_;
};

}  // namespace nescio::train
