#include "train/validation.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"

namespace nescio::train {

EvaluationMode::EvaluationMode(nn::Network& network)
    : network_(network),
      is_training_(network.is_training()),
      modules_(network.modules(/*include_self=*/false)) {
  for (const auto& module : modules_) were_training_.push_back(module->is_training());
  network.eval();
}

EvaluationMode::~EvaluationMode() {
  // Whoever contains others comes first, and they have the last word.
  network_.train(is_training_);
  for (std::size_t i = 0; i < modules_.size(); ++i) modules_[i]->train(were_training_[i]);
}

double mean_called(const Means& means, const std::string& name) {
  const auto found = std::ranges::find(means, name, &Means::value_type::first);
  if (found == means.end()) fail("nothing was measured that is called ", name);
  return found->second;
}

Means measure(nn::Network& network, const Criterion& criterion, const image::Dataset& dataset,
              const Upload& upload, image::LoaderOptions options, const Progress& progress,
              Communicator& processes) {
  const torch::NoGradGuard no_gradients;
  const EvaluationMode mode(network);
  options.part = static_cast<std::size_t>(processes.rank());
  options.parts = static_cast<std::size_t>(processes.size());
  options.bytes = upload.wants_bytes();
  image::Loader loader(dataset, upload.preprocessing(), options);
  Sums sums;
  std::size_t seen = 0;
  for (image::ImageBatch batch; loader.next(batch); seen += batch.count) {
    if (processes.size() == 1) check_interrupt();  // several stop together, at a step
    if (batch.count == 0) continue;                // another process has all of it
    if (progress) progress("validating", seen * options.parts, dataset.size());
    const torch::Tensor labels = to_device(torch::tensor(batch.labels), upload.device());
    const Sums of_batch = criterion(upload(batch), labels);
    if (sums.empty()) {
      for (const auto& [name, sum] : of_batch) {
        sums.emplace_back(name, torch::zeros({}, sum.options().dtype(torch::kFloat64)));
      }
    }
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i].second += of_batch[i].second;
  }
  std::vector<double> totals = {static_cast<double>(seen)};
  for (const auto& [name, sum] : sums) totals.push_back(sum.item<double>());
  processes.sum(totals);
  Means means;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    means.emplace_back(sums[i].first, totals[i + 1] / totals[0]);
  }
  return means;
}

Sums loss_and_accuracy(const torch::Tensor& logits, const torch::Tensor& labels) {
  return {{"loss", at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum)},
          {"accuracy", logits.argmax(1).eq(labels).sum()}};
}

}  // namespace nescio::train
