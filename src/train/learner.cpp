#include "train/learner.h"

#include <optional>

#include "base/rng.h"
#include "train/validation.h"

namespace nescio::train {
namespace {

constexpr std::uint64_t step_stream = 3;  // of the random numbers within a step

/// A batch in `parts` of as equal a size as can be; undefined tensors of no batch.
std::vector<torch::Tensor> in_parts(const torch::Tensor& batch, std::int64_t parts) {
  if (!batch.defined()) return std::vector<torch::Tensor>(static_cast<std::size_t>(parts));
  return batch.tensor_split(parts);
}

/// The numbers of the pictures in rows `first` to `first + count` - 1.
std::vector<std::int64_t> numbers(const image::ImageBatch& batch, std::int64_t first,
                                  std::int64_t count) {
  return {batch.index.begin() + first, batch.index.begin() + first + count};
}

}  // namespace

Learner::Learner(const TrainSettings& settings, const nn::ModelSource& source, std::int64_t classes)
    : settings_(settings),
      preprocessing_(source.preprocessing),
      head_(source.info->head),
      device_(nn::find_device(settings.device)) {
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings.seed)));
  network_ = source.info->make(classes);
  method_ = make_method(settings.method);
  const auto weights = network_->named_parameters();
  method_->on_make({weights[head_ + ".weight"], weights[head_ + ".bias"]});
}

void Learner::begin() {
  nn::move_to(*network_, device_);
  nn::move_to(*method_, device_);
  parameters_ = trained_parameters(settings_, *network_, head_, *method_);
  optimiser_ = make_optimiser(settings_, parameters_);
  ema_ = Ema(settings_.ema, *network_);
  network_->train();
  method_->train();
}

void Learner::step(std::int64_t number, std::int64_t per_epoch, double lr,
                   const image::ImageBatch& batch, const image::ImageBatch& outliers,
                   StepMeans& means) {
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings_.seed), step_stream,
                         static_cast<std::uint64_t>(number)));
  for (const auto& [name, p] : parameters_) p.tensor.mutable_grad().reset();
  const auto parts = settings_.accumulate;
  const auto images = in_parts(to_tensor(batch, preprocessing_, device_), parts);
  const auto labels = in_parts(to_device(torch::tensor(batch.labels), device_), parts);
  const auto others = in_parts(
      outliers.count > 0 ? to_tensor(outliers, preprocessing_, device_) : torch::Tensor(), parts);
  std::optional<TrainingStep> step;
  std::int64_t first = 0, first_outlier = 0;
  for (std::size_t i = 0; i < images.size() && images[i].size(0) > 0; ++i) {
    step.emplace(TrainingStep{.number = number,
                              .per_epoch = per_epoch,
                              .network = *network_,
                              .images = images[i],
                              .labels = labels[i],
                              .outliers = others[i],
                              .bfloat16 = settings_.precision == "bfloat16"});
    const std::int64_t count = images[i].size(0);
    const std::int64_t count_outliers = others[i].defined() ? others[i].size(0) : 0;
    const double share = static_cast<double>(count) / static_cast<double>(batch.count);
    const torch::Tensor loss = method_->loss(*step);
    (loss * share).backward();
    means.add(*step, loss, share,
              {numbers(batch, first, count), numbers(outliers, first_outlier, count_outliers)});
    first += count;
    first_outlier += count_outliers;
  }
  if (settings_.clip > 0) clip_gradient(parameters_, settings_.clip);
  optimiser_->step(lr);
  ema_.update(number);
  method_->on_step_end(*step);
}

std::map<std::string, torch::Tensor> Learner::tensors() const {
  std::map<std::string, torch::Tensor> all;
  const auto add = [&](const std::string& prefix, const auto& tensors) {
    for (const auto& [name, tensor] : tensors) all.emplace(prefix + name, tensor);
  };
  add("network.", nn::tensors_of(*network_));
  add("method.", nn::tensors_of(*method_));
  add("optimiser.", optimiser_->state());
  add("ema.", ema_.state());
  return all;
}

}  // namespace nescio::train
