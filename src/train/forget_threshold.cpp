#include "train/forget_threshold.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/error.h"

namespace nescio::train {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// None as soon as the mean accuracy cannot reach `least` any more.
std::optional<ForgetThreshold> estimate_reaching(double least, nn::Network& network,
                                                 const image::Dataset& dataset,
                                                 const Upload& upload,
                                                 const MaskedPassOptions& options) {
  const auto masks = static_cast<std::size_t>(options.masks);
  const auto zero = torch::zeros({}, torch::dtype(torch::kFloat64).device(upload.device()));
  std::vector<torch::Tensor> loss, right;
  for (std::size_t i = 0; i < masks; ++i) {
    loss.push_back(zero.clone());
    right.push_back(zero.clone());
  }
  const auto answers = static_cast<double>(masks * dataset.size());
  // Rounding of means must not rule out what reaches it exactly.
  const double may_be_wrong = (1 - least) * answers + 0.5;
  double asked = 0;
  bool reachable = true;
  ForgetThreshold found{.keep = options.mask.keep, .losses = {}, .accuracies = {}};
  found.pictures = masked_passes(network, dataset, upload, options, [&](const MaskedBatch& batch) {
    for (std::size_t i = 0; i < masks; ++i) {
      const torch::Tensor z = batch.logits[i].to(torch::kFloat64);
      loss[i] += at::cross_entropy_loss(z, batch.labels, {}, at::Reduction::Sum);
      right[i] += z.argmax(1).eq(batch.labels).sum();
    }
    asked += static_cast<double>(masks) * static_cast<double>(batch.labels.size(0));
    if (least > 0) reachable = asked - at::stack(right).sum().item<double>() <= may_be_wrong;
    return reachable;
  });
  if (!reachable) return std::nullopt;
  for (std::size_t i = 0; i < masks; ++i) {
    found.losses.push_back(loss[i].item<double>() / static_cast<double>(found.pictures));
    found.accuracies.push_back(right[i].item<double>() / static_cast<double>(found.pictures));
  }
  return found;
}

}  // namespace

double ForgetThreshold::mean() const { return mean_of(losses); }
double ForgetThreshold::accuracy() const { return mean_of(accuracies); }
double ForgetThreshold::deviation() const {
  if (losses.size() < 2) return 0;
  double sum = 0;
  for (const double loss : losses) sum += (loss - mean()) * (loss - mean());
  return std::sqrt(sum / static_cast<double>(losses.size() - 1));
}

ForgetThreshold estimate_forget_threshold(nn::Network& network, const image::Dataset& dataset,
                                          const Upload& upload, const MaskedPassOptions& options) {
  return *estimate_reaching(0, network, dataset, upload, options);
}

ForgetThreshold threshold_for_accuracy(nn::Network& network, const image::Dataset& dataset,
                                       const Upload& upload, MaskedPassOptions options,
                                       double target) {
  options.mask.keep = 1;
  const std::int64_t masks = std::exchange(options.masks, 1);  // all are the same there
  ForgetThreshold best = estimate_forget_threshold(network, dataset, upload, options);
  options.masks = masks;
  if (best.accuracy() < target) {
    fail("target_masked_accuracy=", format_number(target), ": the whole network reaches ",
         format_number(best.accuracy()), " on these pictures");
  }
  int good = 1000, bad = 0;
  while (good - bad > 1) {
    const int middle = (good + bad) / 2;
    options.mask.keep = std::max(middle, 1) / 1000.0;
    auto found = estimate_reaching(target, network, dataset, upload, options);
    if (found && found->accuracy() >= target) {
      good = middle;
      best = std::move(*found);
    } else {
      bad = middle;
    }
  }
  return best;
}

}  // namespace nescio::train
