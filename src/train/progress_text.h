// What the progress of a training run says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nescio::train {

struct TrainProgress {
  double images_per_second = 0;
  double seconds_left = 0;
  double loss = 0;
  std::optional<double> accuracy = {};
  std::vector<std::pair<std::string, double>> terms = {};  // of the loss
};

/// "812 images/s  1:05 left  loss 0.693  accuracy 0.512  outliers 0.211"
std::string progress_text(const TrainProgress& progress);

}  // namespace nescio::train
