#include "train/mixing.h"

#include <algorithm>
#include <cmath>

namespace nescio::train {
namespace {

torch::Tensor draw_gamma(double a, std::int64_t count) {
  return at::_standard_gamma(torch::full({count}, a, torch::kFloat64));
}

/// Rows or columns first .. last - 1 of a picture.
struct Span {
  std::int64_t first, last;
  std::int64_t size() const { return last - first; }
};

/// Of `side`, round a centre drawn at random.
Span draw_span(std::int64_t side, double share) {
  const auto length = static_cast<std::int64_t>(share * static_cast<double>(side));
  const auto centre = torch::randint(side, {}, torch::kInt64).item<std::int64_t>();
  return {std::clamp<std::int64_t>(centre - length / 2, 0, side),
          std::clamp<std::int64_t>(centre + length / 2, 0, side)};
}

/// Pastes a rectangle of `o` into `x`, both [..., height, width]; the share of x that is left.
double paste(torch::Tensor x, const torch::Tensor& o, double lambda) {
  const std::int64_t height = x.size(-2), width = x.size(-1);
  const double share = std::sqrt(std::max(0.0, 1 - lambda));
  const Span rows = draw_span(height, share);
  const Span columns = draw_span(width, share);
  const auto part = [&](const torch::Tensor& t) {
    return t.slice(-2, rows.first, rows.last).slice(-1, columns.first, columns.last);
  };
  part(x).copy_(part(o));
  return 1 -
         static_cast<double>(rows.size() * columns.size()) / static_cast<double>(height * width);
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

Mixed mixup(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda) {
  return {torch::lerp(o, x, share_for(lambda, x)), lambda};
}

Mixed cutmix(const torch::Tensor& x, const torch::Tensor& o, const torch::Tensor& lambda) {
  Mixed out{x.clone(), lambda.clone()};
  const torch::Tensor left = out.lambda.view(-1);
  if (lambda.dim() == 0) {
    left[0] = paste(out.images, o, lambda.item<double>());
  } else {
    for (std::int64_t i = 0; i < lambda.size(0); ++i) {
      left[i] = paste(out.images[i], o[i], lambda[i].item<double>());
    }
  }
  return out;
}

}  // namespace nescio::train
