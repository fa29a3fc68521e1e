#include "train/step_means.h"

#include <algorithm>

namespace nescio {

StepMeans::StepMeans(const nlohmann::json& json)
    : steps_(json.at("steps")),
      loss_(json.at("loss")),
      right_(json.at("right")),
      judged_(json.at("judged")),
      rows_(json.at("rows")),
      terms_(json.at("terms").get<std::vector<std::pair<std::string, double>>>()) {}

nlohmann::json StepMeans::to_json() const {
  return {{"steps", steps_},   {"loss", loss_}, {"right", right_},
          {"judged", judged_}, {"rows", rows_}, {"terms", terms_}};
}

void StepMeans::add(const TrainingStep& step, double loss) {
  const torch::NoGradGuard no_gradients;
  ++steps_;
  loss_ += loss;
  last_loss_ = loss;
  timed_ += step.images.size(0);
  rows_ += step.rows;
  if (step.logits.defined()) {
    right_ += step.logits.argmax(1).eq(step.labels).sum().item<std::int64_t>();
    judged_ += step.labels.size(0);
  }
  for (const auto& [name, value] : step.terms) {
    auto term = std::ranges::find(terms_, name, &std::pair<std::string, double>::first);
    if (term == terms_.end()) term = terms_.insert(term, {name, 0.0});
    term->second += value.item<double>();
  }
}

std::optional<double> StepMeans::accuracy() const {
  if (judged_ == 0) return std::nullopt;
  return static_cast<double>(right_) / static_cast<double>(judged_);
}

std::vector<std::pair<std::string, double>> StepMeans::values() const {
  std::vector<std::pair<std::string, double>> out = {{"loss", loss()}};
  if (accuracy()) out.emplace_back("accuracy", *accuracy());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  out.emplace_back("images_per_second", static_cast<double>(timed_) / seconds.count());
  out.emplace_back("rows", static_cast<double>(rows_) / static_cast<double>(steps_));
  for (const auto& [name, sum] : terms_) {
    out.emplace_back(name, sum / static_cast<double>(steps_));
  }
  return out;
}

}  // namespace nescio
