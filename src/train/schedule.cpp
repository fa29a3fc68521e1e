#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nescio::train {

Schedule::Schedule(const TrainSettings& s, std::int64_t steps)
    : lr_(s.lr),
      lr_min_(s.lr_min),
      decay_(s.decay),
      steps_(steps),
      warmup_(s.warmup),
      kind_(s.schedule) {
  for (const std::string& step : split_top_level(s.milestones)) {
    milestones_.push_back(parse_integer(step, "milestones"));
  }
  if (milestones_.empty() && kind_ == "step") {
    fail("schedule=step: expected milestones=STEP,STEP,..., found none");
  }
  const bool rising =
      std::ranges::adjacent_find(milestones_, std::ranges::greater_equal()) == milestones_.end();
  if (!rising || (!milestones_.empty() && milestones_.front() < 1)) {
    fail("milestones: expected rising steps from 1 on, found ", s.milestones);
  }
}

double Schedule::at(std::int64_t step) const {
  if (step < warmup_) return lr_ * static_cast<double>(step + 1) / static_cast<double>(warmup_);
  if (kind_ == "cosine") {
    const double share =
        static_cast<double>(step - warmup_) / static_cast<double>(steps_ - warmup_);
    return lr_min_ + (lr_ - lr_min_) * (1 + std::cos(std::numbers::pi * share)) / 2;
  }
  const auto passed = std::ranges::upper_bound(milestones_, step) - milestones_.begin();
  return lr_ * std::pow(decay_, static_cast<double>(passed));
}

}  // namespace nescio::train
