#include "train/learner.h"

#include "base/rng.h"
#include "base/usage.h"
#include "nn/autocast.h"
#include "train/synchronised_norm.h"

namespace nescio::train {
namespace {

constexpr std::uint64_t step_stream = 3;  // of the random numbers within a step

/// UsageError for what is said of how the network learns where nothing that is trained follows it.
void check_reach(const TrainSettings& settings, const TrainedParameters& trained,
                 const std::string& head) {
  bool in_head = false, before_it = false;
  for (const auto& [name, parameter] : trained) {
    if (!name.starts_with("network.")) continue;
    (name.starts_with("network." + head + ".") ? in_head : before_it) = true;
  }
  const auto check = [&](std::string_view name, double value, double idle, bool reaches,
                         std::string_view what) {
    if (value == idle || reaches) return;
    fail_usage("[", settings.method, "] ", name, '=', format_number(value),
               " does nothing here: ", what, " is trained; leave it out");
  };
  check("ema", settings.ema, 0, in_head || before_it, "nothing of the network");
  check("layer_decay", settings.layer_decay, 1, before_it,
        "nothing of the network before its last layer");
  check("head_lr", settings.head_lr, 1, in_head, "nothing of the network's last layer");
}

}  // namespace

Learner::Learner(const TrainSettings& settings, const nn::ModelSource& source, std::int64_t classes,
                 std::shared_ptr<TrainingMethod> method, Communicator& processes)
    : settings_(settings),
      processes_(processes),
      preprocessing_(source.preprocessing),
      head_(source.network.info->head),
      classes_(classes),
      precision_(nn::precision_on(nn::find_device(settings.device), settings.precision)) {
  const torch::Device device = nn::find_device(settings.device);
  if (source.cuda_graphs) {
    fail_usage(
        "model: cuda_graphs= behind '?' is one of passes that do not train; say cuda_graphs= "
        "beside model=");
  }
  if (source.precision) {
    fail_usage("model: precision=", *source.precision,
               " behind '?' is one of passes that do not train; say precision=", *source.precision,
               " beside model=");
  }
  upload_ = std::make_unique<Upload>(preprocessing_, device, nn::format_for(device, precision_));
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings.seed)));
  network_ = source.network.design->make(classes);
  method_ = std::move(method);
  reads_labels_ = method_->needs().labels;
  if (settings.accumulate > 1 && method_->needs_whole_batch()) {
    fail_usage("accumulate=", settings.accumulate, ": [", settings.method,
               "] needs all rows of a batch at once; leave accumulate= out");
  }
  if (processes.size() > 1 && method_->needs_whole_batch()) {
    fail_usage("[", settings.method,
               "] needs all rows of a batch at once, so it cannot be trained by ", processes.size(),
               " processes");
  }
  unrecorded_ = nn::RecordedWork::fault(device);
  if (!method_->repeats())
    unrecorded_ = text("[", settings.method, "] does not do the same in every step");
  if (settings.accumulate * processes.size() > 1)
    unrecorded_ = "a batch is computed in several parts";
  if (settings.cuda_graphs == "true" && !unrecorded_.empty()) {
    fail_usage("cuda_graphs=true: ", unrecorded_, "; leave cuda_graphs= out");
  }
  recorder_ = StepRecorder(settings.cuda_graphs != "false" && unrecorded_.empty());
  const auto weights = network_->named_parameters();
  method_->on_make({.network = *network_,
                    .info = *source.network.info,
                    .head = {weights[head_ + ".weight"], weights[head_ + ".bias"]}});
}

void Learner::begin(const image::Dataset* data, const Progress& progress, const Teacher* teacher) {
  nn::move_to(*network_, device(), precision_);
  nn::move_to(*method_, device(), precision_);
  if (data) {
    method_->on_fresh_start({.network = *network_,
                             .data = *data,
                             .teacher = teacher,
                             .upload = *upload_,
                             .settings = settings_,
                             .workers = workers_of(settings_, !device().is_cpu()),
                             .progress = progress});
  }
  for (auto& item : network_->named_parameters()) {
    const bool needed = method_->trains(item.key()) || method_->wants_gradient(item.key());
    item.value().set_requires_grad(needed);
    if (needed) with_gradient_.push_back(item.value());
  }
  for (const torch::Tensor& parameter : method_->parameters()) {
    with_gradient_.push_back(parameter);
  }
  parameters_ = trained_parameters(settings_, *network_, head_, *method_);
  if (parameters_.empty()) fail_usage("[", settings_.method, "] leaves nothing to be trained");
  check_reach(settings_, parameters_, head_);
  optimiser_ = make_optimiser(settings_, parameters_);
  sums_ = std::make_unique<GradientSums>(processes_, with_gradient_);
  ema_ = Ema(settings_.ema, *network_);
  method_->train();
  method_->set_mode(*network_);
}

void Learner::step(std::int64_t number, std::int64_t per_epoch, double lr, const StepData& data,
                   StepMeans& means) {
  const TrainingStep whole = upload_step(number, per_epoch, data);
  optimiser_->set_lr(lr);
  if (settings_.accumulate * processes_.size() > 1) {
    compute(whole, data, means);
    update(number);
    return;
  }
  seed_part(number, 0);
  StepSaid said = recorder_(whole, [&](const TrainingStep& step) {
    forget_gradients();
    StepSaid of_step = learn(step);
    update(number);
    return of_step;
  });
  means.add(number, std::move(said), {data.images.index, data.outliers.index});
}

void Learner::seed_part(std::int64_t step, std::int64_t part) const {
  torch::manual_seed(mix(mix(static_cast<std::uint64_t>(settings_.seed), step_stream,
                             static_cast<std::uint64_t>(step)),
                         static_cast<std::uint64_t>(part)));
}

void Learner::forget_gradients() {
  for (torch::Tensor& tensor : with_gradient_) tensor.mutable_grad().reset();
}

StepSaid Learner::learn(TrainingStep step) {
  const torch::Tensor loss = method_->loss(step);
  loss.backward();
  return StepSaid::of(step, loss);
}

TrainingStep Learner::upload_step(std::int64_t number, std::int64_t per_epoch,
                                  const StepData& data) const {
  torch::manual_seed(mix(static_cast<std::uint64_t>(settings_.seed), step_stream,
                         static_cast<std::uint64_t>(number)));
  const auto rows = [](const image::ImageBatch& batch) {
    return static_cast<std::int64_t>(batch.count);
  };
  const RowCounts counts{rows(data.images), rows(data.outliers)};
  const MethodNeeds needs = method_->needs();
  const torch::Tensor labels = reads_labels_ ? torch::tensor(data.images.labels) : torch::Tensor();
  std::vector<torch::Tensor> views = (*upload_)(data.images, needs.views).chunk(needs.views);
  TrainingStep whole{
      .number = number,
      .per_epoch = per_epoch,
      .classes = classes_,
      .network = *network_,
      .images = views[0],
      .draws = method_->draw({.number = number,
                              .per_epoch = per_epoch,
                              .rows = counts,
                              .labels = labels,
                              .classes = classes_,
                              .height = static_cast<std::int64_t>(preprocessing_.height),
                              .width = static_cast<std::int64_t>(preprocessing_.width)}),
      .bfloat16 = precision_ == nn::Precision::bfloat16};
  whole.further_views.assign(views.begin() + 1, views.end());
  if (labels.defined()) whole.labels = to_device(labels, device());
  if (counts.outliers > 0) whole.outliers = (*upload_)(data.outliers);
  if (!data.teacher.values.empty()) {
    whole.teacher =
        to_device(torch::tensor(data.teacher.values).view({counts.images, -1}), device());
  }
  if (!data.teacher.classes.empty()) {
    const torch::Tensor classes = torch::tensor(data.teacher.classes);
    whole.teacher_classes = to_device(classes.view({counts.images, -1}), device());
    whole.teacher_tail = to_device(torch::tensor(data.teacher.tail), device());
  }
  if (!data.weights.empty()) whole.weights = to_device(torch::tensor(data.weights), device());
  move_to(whole.draws, device());
  const torch::NoGradGuard no_gradients;
  method_->prepare(whole);
  return whole;
}

void Learner::compute(const TrainingStep& whole, const StepData& data, StepMeans& means) {
  forget_gradients();
  const RowCounts rows{static_cast<std::int64_t>(data.images.count),
                       static_cast<std::int64_t>(data.outliers.count)};
  const std::vector<Part> parts = Part::own(rows, settings_.accumulate, processes_);
  if (parts.empty()) {
    fail("a batch of ", rows.images, " pictures", rows.outliers > 0 ? " and their outliers" : "",
         " cannot be shared by ", processes_.size(), " processes");
  }
  // Layers that are normalised together sum on the way back.
  const bool normalised = settings_.batch_norm == "synchronised";
  const SynchronisedNorm together(normalised ? processes_ : alone());
  for (const Part& part : parts) {
    seed_part(whole.number, part.number());
    if (&part == &parts.back() && !normalised) sums_->begin();
    means.add(
        whole.number, learn(part.of(whole)),
        {part.of(data.images.index, Rows::images), part.of(data.outliers.index, Rows::outliers)});
  }
  sums_->finish();
}

void Learner::update(std::int64_t number) {
  method_->before_update(*network_);
  if (settings_.clip > 0) clip_gradient(parameters_, settings_.clip);
  optimiser_->step();
  method_->after_update(*network_);
  ema_.update(number);
}

Notices Learner::closing_remarks() const {
  Notices all = method_->closing_remarks();
  const std::string& why = unrecorded_.empty() ? recorder_.fault() : unrecorded_;
  if (device().is_cuda() && settings_.cuda_graphs != "false" && !why.empty()) {
    all.push_back(text("steps were launched kernel by kernel and not as one CUDA graph: ", why));
  }
  return all;
}

void Learner::agree_on_buffers() {
  if (processes_.size() == 1) return;
  const torch::NoGradGuard no_gradients;
  for (const auto& buffers : {network_->buffers(), method_->buffers(), ema_.buffers()}) {
    for (const torch::Tensor& buffer : buffers) {
      if (!buffer.is_floating_point()) continue;
      const torch::Tensor values = buffer.to(torch::kCPU, torch::kFloat64).contiguous();
      processes_.sum(
          std::span(values.data_ptr<double>(), static_cast<std::size_t>(values.numel())));
      buffer.copy_(values / processes_.size());
    }
  }
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
