#include "train/mixing.h"

#include <algorithm>
#include <cmath>

namespace nescio::train {
namespace {

torch::Tensor draw_gamma(double a, std::int64_t count) {
  return at::_standard_gamma(torch::full({count}, a, torch::kFloat64));
}

/// First and behind the last of `side` rows or columns, round a centre drawn at random.
std::pair<std::int64_t, std::int64_t> draw_span(std::int64_t side, double share) {
  const auto length = static_cast<std::int64_t>(share * static_cast<double>(side));
  const auto centre = torch::randint(side, {}, torch::kInt64).item<std::int64_t>();
  return {std::clamp<std::int64_t>(centre - length / 2, 0, side),
          std::clamp<std::int64_t>(centre + length / 2, 0, side)};
}

/// Whether each place of `side` lies in [first, last), [B, side].
torch::Tensor within_span(std::int64_t side, const torch::Tensor& first,
                          const torch::Tensor& last) {
  const torch::Tensor places = torch::arange(side, first.options());
  return places.ge(first.unsqueeze(1)).logical_and(places.lt(last.unsqueeze(1)));
}

}  // namespace

torch::Tensor draw_beta(double a, double b, std::int64_t count) {
  if (a == 0) return torch::ones({count}, torch::kFloat64);
  const torch::Tensor g = draw_gamma(a, count);
  const torch::Tensor sum = g + draw_gamma(b, count);
  return torch::where(sum > 0, g / sum, 0.5);
}

torch::Tensor share_for(const torch::Tensor& lambda, const torch::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  if (lambda.dim() == 1) shape[0] = lambda.size(0);
  return lambda.to(like.options()).reshape(shape);
}

nn::NetworkOutputs HiddenMixing::forward(const torch::Tensor& pictures) {
  const torch::Tensor x = network_.run(pictures, 0, layer_);
  const torch::Tensor known = x.slice(0, 0, pairs_);
  const torch::Tensor outliers = x.slice(0, images_, images_ + pairs_);
  const torch::Tensor mixed = torch::lerp(outliers, known, share_for(lambda_, x));
  return network_.finish(network_.run(torch::cat({x, mixed}), layer_, network_.stages()));
}

torch::Tensor mixup(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda) {
  return torch::lerp(o, x, share_for(lambda, x));
}

torch::Tensor draw_boxes(const torch::Tensor& lambda, std::int64_t height, std::int64_t width) {
  const torch::Tensor wanted = lambda.reshape({-1}).to(torch::kFloat64);
  torch::Tensor boxes = torch::empty({wanted.size(0), 4}, torch::kInt64);
  for (std::int64_t i = 0; i < wanted.size(0); ++i) {
    const double share = std::sqrt(std::max(0.0, 1 - wanted[i].item<double>()));
    const auto [top, bottom] = draw_span(height, share);
    const auto [left, right] = draw_span(width, share);
    boxes[i] = torch::tensor({top, bottom, left, right});
  }
  return lambda.dim() == 0 ? boxes[0] : boxes;
}

torch::Tensor share_left(const torch::Tensor& boxes, std::int64_t height, std::int64_t width) {
  const torch::Tensor sides = boxes.view({-1, 2, 2});
  const torch::Tensor area = (sides.select(2, 1) - sides.select(2, 0)).prod(1).to(torch::kFloat64);
  const torch::Tensor left = 1 - area / static_cast<double>(height * width);
  return boxes.dim() == 1 ? left[0] : left;
}

torch::Tensor paste(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& boxes) {
  const torch::Tensor each = boxes.view({-1, 4});
  const torch::Tensor rows = within_span(x.size(2), each.select(1, 0), each.select(1, 1));
  const torch::Tensor columns = within_span(x.size(3), each.select(1, 2), each.select(1, 3));
  const torch::Tensor inside = rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1);
  return torch::where(inside, o, x);
}

Drawn of_pairs(const torch::Tensor& lambda) {
  return {lambda, lambda.dim() == 0 ? Rows::none : Rows::pairs};
}

Draws draw_mixing(const std::string& kind, const torch::Tensor& wanted, const StepFacts& facts) {
  if (kind == "mixup") return {{"lambda", of_pairs(wanted)}};
  const torch::Tensor boxes = draw_boxes(wanted, facts.height, facts.width);
  return {{"lambda", of_pairs(share_left(boxes, facts.height, facts.width))},
          {"boxes", {boxes, wanted.dim() == 0 ? Rows::none : Rows::pairs}}};
}

torch::Tensor mix_pairs(const TrainingStep& step, const std::string& method) {
  const torch::Tensor x = step.paired(step.images), o = step.paired(step.outliers);
  if (step.draws.contains(method + ".boxes")) return paste(x, o, step.drawn(method, "boxes"));
  return mixup(x, o, step.drawn(method, "lambda"));
}

void mix_within(TrainingStep& step, const torch::Tensor& order, const torch::Tensor& lambda,
                const torch::Tensor& boxes) {
  const torch::Tensor others = step.images.index_select(0, order);
  const torch::Tensor q = step.probabilities();
  step.images =
      boxes.defined() ? paste(step.images, others, boxes) : mixup(step.images, others, lambda);
  step.targets = mixup(q, q.index_select(0, order), lambda);
  step.mixtures.push_back({order, lambda});
  step.term("lambda", lambda);
}

}  // namespace nescio::train
