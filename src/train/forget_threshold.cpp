#include "train/forget_threshold.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace nescio::train {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
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
  const auto masks = static_cast<std::size_t>(options.masks);
  const auto zero = torch::zeros({}, torch::dtype(torch::kFloat64).device(upload.device()));
  std::vector<torch::Tensor> loss, right;
  for (std::size_t i = 0; i < masks; ++i) {
    loss.push_back(zero.clone());
    right.push_back(zero.clone());
  }
  ForgetThreshold found{.keep = options.mask.keep, .losses = {}, .accuracies = {}};
  found.pictures = masked_passes(network, dataset, upload, options, [&](const MaskedBatch& batch) {
    for (std::size_t i = 0; i < masks; ++i) {
      const torch::Tensor z = batch.logits[i].to(torch::kFloat64);
      loss[i] += at::cross_entropy_loss(z, batch.labels, {}, at::Reduction::Sum);
      right[i] += z.argmax(1).eq(batch.labels).sum();
    }
  });
  for (std::size_t i = 0; i < masks; ++i) {
    found.losses.push_back(loss[i].item<double>() / static_cast<double>(found.pictures));
    found.accuracies.push_back(right[i].item<double>() / static_cast<double>(found.pictures));
  }
  return found;
}

ForgetThreshold threshold_for_accuracy(nn::Network& network, const image::Dataset& dataset,
                                       const Upload& upload, MaskedPassOptions options,
                                       double target) {
  const auto at = [&](int thousandths) {
    options.mask.keep = thousandths / 1000.0;
    return estimate_forget_threshold(network, dataset, upload, options);
  };
  const std::int64_t masks = std::exchange(options.masks, 1);
  ForgetThreshold best = at(1000);  // all masks are the same there
  options.masks = masks;
  if (best.accuracy() < target) {
    fail("target_masked_accuracy=", format_number(target), ": the whole network reaches ",
         format_number(best.accuracy()), " on these pictures");
  }
  int good = 1000, bad = 0;
  while (good - bad > 1) {
    const int middle = (good + bad) / 2;
    ForgetThreshold found = at(std::max(middle, 1));
    if (found.accuracy() >= target) {
      good = middle;
      best = std::move(found);
    } else {
      bad = middle;
    }
  }
  return best;
}

}  // namespace nescio::train
