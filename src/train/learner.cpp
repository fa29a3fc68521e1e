#include "train/learner.h"

#include "base/rng.h"
#include "base/usage.h"
#include "train/device.h"

namespace nescio::train {
namespace {

constexpr std::uint64_t step_stream = 3;  // of the random numbers within a step

}  // namespace

Learner::Learner(const TrainSettings& settings, const nn::ModelSource& source, std::int64_t classes,
                 std::shared_ptr<TrainingMethod> method)
    : settings_(settings),
      preprocessing_(source.preprocessing),
      head_(source.info->head),
      classes_(classes),
      device_(nn::find_device(settings.device)) {
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings.seed)));
  network_ = source.info->make(classes);
  method_ = std::move(method);
  reads_labels_ = method_->needs().labels;
  if (settings.accumulate > 1 && method_->needs_whole_batch()) {
    fail_usage("accumulate=", settings.accumulate, ": [", settings.method,
               "] needs all rows of a batch at once; leave accumulate= out");
  }
  const auto weights = network_->named_parameters();
  method_->on_make({.network = *network_,
                    .info = *source.info,
                    .head = {weights[head_ + ".weight"], weights[head_ + ".bias"]}});
}

void Learner::begin(bool resumed) {
  nn::move_to(*network_, device_);
  nn::move_to(*method_, device_);
  if (!resumed) method_->on_fresh_start(*network_);
  for (auto& item : network_->named_parameters()) {
    if (!method_->trains(item.key())) item.value().set_requires_grad(false);
  }
  parameters_ = trained_parameters(settings_, *network_, head_, *method_);
  if (parameters_.empty()) fail_usage("[", settings_.method, "] leaves nothing to be trained");
  optimiser_ = make_optimiser(settings_, parameters_);
  ema_ = Ema(settings_.ema, *network_);
  method_->train();
  method_->set_mode(*network_);
}

void Learner::step(std::int64_t number, std::int64_t per_epoch, double lr,
                   const image::ImageBatch& batch, const image::ImageBatch& outliers,
                   StepMeans& means) {
  const auto seed = static_cast<std::uint64_t>(settings_.seed);
  const auto at = static_cast<std::uint64_t>(number);
  torch::manual_seed(mix(seed, step_stream, at));
  for (const auto& [name, p] : parameters_) p.tensor.mutable_grad().reset();

  const RowCounts rows{static_cast<std::int64_t>(batch.count),
                       static_cast<std::int64_t>(outliers.count)};
  const torch::Tensor labels = reads_labels_ ? torch::tensor(batch.labels) : torch::Tensor();
  TrainingStep whole{
      .number = number,
      .per_epoch = per_epoch,
      .classes = classes_,
      .network = *network_,
      .images = to_tensor(batch, preprocessing_, device_),
      .draws = method_->draw({.number = number,
                              .per_epoch = per_epoch,
                              .rows = rows,
                              .labels = labels,
                              .classes = classes_,
                              .height = static_cast<std::int64_t>(preprocessing_.height),
                              .width = static_cast<std::int64_t>(preprocessing_.width)}),
      .bfloat16 = settings_.precision == "bfloat16"};
  if (labels.defined()) whole.labels = to_device(labels, device_);
  if (rows.outliers > 0) whole.outliers = to_tensor(outliers, preprocessing_, device_);
  move_to(whole.draws, device_);
  {
    const torch::NoGradGuard no_gradients;
    method_->prepare(whole);
  }
  const std::int64_t parts = Part::parts_of(rows, settings_.accumulate);
  for (std::int64_t i = 0; i < parts; ++i) {
    torch::manual_seed(mix(mix(seed, step_stream, at), static_cast<std::uint64_t>(i)));
    const Part part(rows, i, parts);
    TrainingStep step = part.of(whole);
    const torch::Tensor loss = method_->loss(step);
    loss.backward();
    means.add(step, loss,
              {part.of(batch.index, Rows::images), part.of(outliers.index, Rows::outliers)});
  }
  method_->before_update(*network_);
  if (settings_.clip > 0) clip_gradient(parameters_, settings_.clip);
  optimiser_->step(lr);
  ema_.update(number);
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
