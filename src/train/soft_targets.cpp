#include "train/soft_targets.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace nescio::train {
namespace {

// A teacher that is sure of another class would tie with the label.
constexpr double surest = 1 - 1e-6;

torch::Tensor plogp(const torch::Tensor& p) { return torch::special_xlogy(p, p); }

torch::Tensor at(const torch::Tensor& log_p, const SoftTargets& targets,
                 const torch::Tensor& weights) {
  return -(log_p.gather(1, targets.classes) * weights).sum(1);
}

}  // namespace

TeacherAnswer most_probable(const torch::Tensor& logits, std::int64_t k, double temperature) {
  const torch::Tensor p = (logits / temperature).softmax(1);
  const auto [values, classes] = p.topk(std::min(k, p.size(1)), 1);
  return {classes, values.clamp_max(surest)};
}

TeacherAnswer most_probable(const torch::Tensor& log_p, const torch::Tensor& classes,
                            const torch::Tensor& tail, std::int64_t others, std::int64_t k,
                            double temperature) {
  const torch::Tensor each = (tail - std::log(static_cast<double>(others))) / temperature;
  const torch::Tensor rest = (each + std::log(static_cast<double>(others))).unsqueeze(1);
  const torch::Tensor p = torch::cat({log_p / temperature, rest}, 1).softmax(1);
  const std::int64_t kept = std::min(k, classes.size(1));
  return {classes.slice(1, 0, kept), p.slice(1, 0, kept).clamp_max(surest)};
}

SoftTargets fuse(const TeacherAnswer& teacher, const torch::Tensor& labels, std::string_view fusion,
                 double alpha) {
  const torch::Tensor y = labels.unsqueeze(1);
  const torch::Tensor is_label = teacher.classes == y;
  torch::Tensor p = teacher.p, label;
  if (fusion == "mix") {
    p = (1 - alpha) * p / p.sum(1, /*keepdim=*/true);
    label = torch::full_like(p.slice(1, 0, 1), alpha);
  } else if (fusion == "sum" || fusion == "overwrite") {
    if (fusion == "overwrite") p = p.masked_fill(is_label, 0);
    label = 1 / (1 + p.sum(1, /*keepdim=*/true));
    p = p * label;
  } else {
    fail("expected the fusion sum, overwrite or mix, found ", fusion);
  }
  const torch::Tensor of_label = label + (p * is_label).sum(1, /*keepdim=*/true);
  return {.classes = torch::cat({teacher.classes, y}, 1),
          .hard = torch::cat({torch::zeros_like(p), label}, 1),
          .soft = torch::cat({p, torch::zeros_like(label)}, 1),
          .entropy = -(plogp(p.masked_fill(is_label, 0)).sum(1) + plogp(of_label).squeeze(1))};
}

SoftTargets mixed(const SoftTargets& targets, const torch::Tensor& order,
                  const torch::Tensor& share) {
  const torch::Tensor row = share.to(targets.hard.scalar_type());
  const torch::Tensor column = row.dim() == 0 ? row : row.unsqueeze(1);
  const auto both = [&](const torch::Tensor& weights) {
    return torch::cat({column * weights, (1 - column) * weights.index_select(0, order)}, 1);
  };
  return {.classes = torch::cat({targets.classes, targets.classes.index_select(0, order)}, 1),
          .hard = both(targets.hard),
          .soft = both(targets.soft),
          .entropy = row * targets.entropy + (1 - row) * targets.entropy.index_select(0, order)};
}

torch::Tensor soft_target_loss(const torch::Tensor& logits, const SoftTargets& targets,
                               double temperature) {
  const torch::Tensor log_p = logits.log_softmax(1);
  if (temperature == 1) return at(log_p, targets, targets.hard + targets.soft) - targets.entropy;
  const torch::Tensor cooler = (logits / temperature).log_softmax(1);
  return at(log_p, targets, targets.hard) +
         temperature * temperature * at(cooler, targets, targets.soft) - targets.entropy;
}

}  // namespace nescio::train
