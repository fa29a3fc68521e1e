#include "train/step_recorder.h"

namespace nescio::train {
namespace {

/// libtorch chooses algorithms and makes its workspaces in the first ones.
constexpr std::int64_t done_before = 3;

/// f(name, tensor) for each tensor that a step brings.
template <class Step, class F>
void for_each_tensor(Step& step, const F& f) {
  f("images", step.images);
  f("labels", step.labels);
  f("outliers", step.outliers);
  for (auto& view : step.further_views) f("view", view);
  f("teacher", step.teacher);
  f("teacher_classes", step.teacher_classes);
  f("teacher_tail", step.teacher_tail);
  f("weights", step.weights);
  f("targets", step.targets);
  for (auto& mixture : step.mixtures) {
    f("order", mixture.order);
    f("share", mixture.share);
  }
  for (auto& [name, drawn] : step.draws) f(name, drawn.values);
  for (auto& [name, value] : step.terms) f(name, value);
}

std::vector<torch::Tensor> tensors_of(const TrainingStep& step) {
  std::vector<torch::Tensor> tensors;
  for_each_tensor(step, [&](const std::string&, const torch::Tensor& tensor) {
    if (tensor.defined()) tensors.push_back(tensor);
  });
  return tensors;
}

}  // namespace

StepRecorder::Shapes StepRecorder::shapes_of(const TrainingStep& step) {
  Shapes shapes;
  for_each_tensor(step, [&](const std::string& name, const torch::Tensor& tensor) {
    if (!tensor.defined()) return;
    std::string shape = name + " " + std::string(tensor.dtype().name());
    for (const std::int64_t side : tensor.sizes()) shape += " " + std::to_string(side);
    shapes.push_back(std::move(shape));
  });
  return shapes;
}

void StepRecorder::record(const TrainingStep& step, const Work& work) {
  for_each_tensor(step, [&](const std::string& name, const torch::Tensor& tensor) {
    // A record holds what it read there as it was.
    if (tensor.defined() && tensor.is_cpu()) fault_ = name + " lies in the host's memory";
  });
  if (!fault_.empty()) {
    records_ = false;
    return;
  }
  inputs_ = std::make_unique<TrainingStep>(step);
  for_each_tensor(*inputs_, [](const std::string&, torch::Tensor& tensor) {
    if (tensor.defined()) tensor = tensor.clone();
  });
  try {
    work_ = std::make_unique<nn::RecordedWork>([&] { said_ = work(*inputs_); });
  } catch (const c10::Error& e) {
    records_ = false;
    fault_ = e.what_without_backtrace();
    inputs_.reset();
  }
}

StepSaid StepRecorder::operator()(const TrainingStep& step, const Work& work) {
  if (!records_) return work(step);
  Shapes shapes = shapes_of(step);
  if (shapes != shapes_) {
    if (work_) return work(step);
    shapes_ = std::move(shapes);
    seen_ = 0;
  }
  if (!work_ && ++seen_ > done_before) record(step, work);
  if (!work_) return work(step);
  const torch::NoGradGuard no_gradients;
  const std::vector<torch::Tensor> to = tensors_of(*inputs_), from = tensors_of(step);
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i], /*non_blocking=*/true);
  work_->play();
  return {said_.values.clone(), said_.terms, said_.pictures};
}

}  // namespace nescio::train
