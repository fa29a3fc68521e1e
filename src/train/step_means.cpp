#include "train/step_means.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace nescio::train {

StepMeans::StepMeans(const nlohmann::json& json)
    : added_(json.at("steps")),
      steps_(added_),
      loss_(json.at("loss")),
      right_(json.at("right")),
      judged_(json.at("judged")),
      rows_(json.at("rows")),
      terms_(json.at("terms").get<std::vector<std::pair<std::string, double>>>()) {}

nlohmann::json StepMeans::to_json() const {
  return {{"steps", steps_},   {"loss", loss_}, {"right", right_},
          {"judged", judged_}, {"rows", rows_}, {"terms", terms_}};
}

StepSaid StepSaid::of(const TrainingStep& step, const torch::Tensor& loss) {
  const torch::NoGradGuard no_gradients;
  const auto place = loss.options().dtype(torch::kFloat64).requires_grad(false);
  const auto count = [&](std::int64_t n) { return torch::full({}, static_cast<double>(n), place); };
  torch::Tensor right = count(0);
  std::int64_t judged = 0;
  if (step.logits.defined() && step.labels.defined() && !step.targets.defined()) {
    right = step.logits.argmax(1).eq(step.labels).sum().to(torch::kFloat64);
    judged = step.labels.size(0);
  }
  std::vector<torch::Tensor> values = {loss.detach().to(torch::kFloat64), right, count(judged),
                                       count(step.rows)};
  StepSaid said{.values = {}, .terms = {}, .pictures = step.images.size(0)};
  for (const auto& [name, value] : step.terms) {
    said.terms.push_back(name);
    values.push_back(value.detach().to(place));
  }
  said.values = torch::stack(values);
  return said;
}

void StepMeans::add(std::int64_t number, StepSaid said, StepPictures pictures) {
  if (number != last_added_) ++added_;
  last_added_ = number;
  timed_ += said.pictures;
  unread_.push_back({number, std::move(pictures), std::move(said)});
}

std::optional<BadLoss> StepMeans::read(Communicator& processes) {
  std::vector<torch::Tensor> said;
  for (const Unread& u : unread_) said.push_back(u.said.values);
  if (said.empty()) return std::nullopt;
  const torch::Tensor all = torch::cat(said).cpu();
  processes.sum(std::span(all.data_ptr<double>(), static_cast<std::size_t>(all.numel())));
  const double* value = all.const_data_ptr<double>();
  for (Unread& u : std::exchange(unread_, {})) {
    const double loss = *value++;
    if (!std::isfinite(loss)) return BadLoss{u.step, loss, std::move(u.pictures)};
    if (u.step != last_step_) ++steps_;
    last_step_ = u.step;
    loss_ += loss;
    right_ += static_cast<std::int64_t>(*value++);
    judged_ += static_cast<std::int64_t>(*value++);
    rows_ += static_cast<std::int64_t>(*value++);
    for (const std::string& name : u.said.terms) {
      auto term = std::ranges::find(terms_, name, &std::pair<std::string, double>::first);
      if (term == terms_.end()) term = terms_.insert(term, {name, 0.0});
      term->second += *value++;
    }
  }
  return std::nullopt;
}

std::optional<double> StepMeans::accuracy() const {
  if (judged_ == 0) return std::nullopt;
  return static_cast<double>(right_) / static_cast<double>(judged_);
}

std::vector<std::pair<std::string, double>> StepMeans::terms() const {
  auto means = terms_;
  for (auto& [name, sum] : means) sum /= static_cast<double>(steps_);
  return means;
}

std::vector<std::pair<std::string, double>> StepMeans::values() const {
  std::vector<std::pair<std::string, double>> out = {{"loss", loss()}};
  if (accuracy()) out.emplace_back("accuracy", *accuracy());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  out.emplace_back("images_per_second", static_cast<double>(timed_) / seconds.count());
  out.emplace_back("rows", static_cast<double>(rows_) / static_cast<double>(steps_));
  for (const auto& term : terms()) out.push_back(term);
  return out;
}

}  // namespace nescio::train
