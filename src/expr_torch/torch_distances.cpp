#include "expr_torch/torch_distances.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nescio::expr {
namespace {

/// f(first, count) for pieces of `rows` of so many numbers each that a piece has `most` at most.
template <class F>
void in_pieces(std::int64_t rows, std::int64_t numbers, std::int64_t most, F f) {
  const std::int64_t step = std::clamp<std::int64_t>(most / std::max<std::int64_t>(numbers, 1), 1,
                                                     std::max<std::int64_t>(rows, 1));
  for (std::int64_t first = 0; first < rows; first += step) {
    f(first, std::min(step, rows - first));
  }
}

torch::Tensor square_length(const torch::Tensor& x) {
  return at::square(x.to(torch::kDouble)).sum({-1});
}

/// |a - b|^2 over the last dimension, every operation in double.
torch::Tensor square_of_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return at::square(at::linalg_vector_norm(a.to(torch::kDouble) - b, 2, {-1}));
}

}  // namespace

TorchDistances::TorchDistances(const TorchTable& table)
    : table_(table),
      // As math::DistanceTable: a sum of w products in any order.
      unit_(1.01 * 0x1p-24 * static_cast<double>(table.width() + 16)),
      smallest_(0x1p-125 * static_cast<double>(table.width() + 16)) {
  torch::Tensor sums, squares;
  in_pieces(rows(), table.width(), values_at_once, [&](std::int64_t first, std::int64_t count) {
    const torch::Tensor piece = table.given(first, count).to(torch::kDouble);
    const torch::Tensor sum = piece.sum({0}, true), square = at::square(piece).sum();
    sums = sums.defined() ? sums + sum : sum;
    squares = squares.defined() ? squares + square : square;
  });
  const auto n = static_cast<double>(rows());
  const torch::Tensor mean = sums / n;
  const double of_mean = at::square(mean).sum().item<double>();
  if (of_mean > 0.75 * squares.item<double>() / n && std::isfinite(of_mean)) {
    mean_ = mean.to(torch::kFloat);
  }
  std::vector<torch::Tensor> norms;
  in_pieces(rows(), table.width(), values_at_once, [&](std::int64_t first, std::int64_t count) {
    norms.push_back(square_length(about_mean(table.given(first, count))));
  });
  const torch::Tensor all = at::cat(norms);
  norms_ = all.to(torch::kFloat);
  longest_ = std::sqrt(all.max().item<double>()) * (1 + 0x1p-23);
  if (!std::isfinite(longest_)) longest_ = std::numeric_limits<double>::infinity();
}

torch::Tensor TorchDistances::about_mean(const torch::Tensor& x) const {
  return mean_.defined() ? (x - mean_).to(torch::kFloat) : x.to(torch::kFloat);
}

void TorchDistances::relative(const torch::Tensor& x_about_mean, std::int64_t first, int sign,
                              torch::Tensor& y) const {
  const std::int64_t count = y.size(1);
  const torch::Tensor rows = about_mean(table_.given(first, count));
  at::addmm_out(y, norms_.narrow(0, first, count), x_about_mean, rows.t(), sign, -2 * sign);
}

torch::Tensor TorchDistances::error(const torch::Tensor& lengths) const {
  return (unit_ * longest_) * (2 * lengths + longest_) + smallest_;
}

torch::Tensor TorchDistances::in_range(const torch::Tensor& lengths) const {
  return longest_ * (2 * lengths + longest_) < 1e35;
}

torch::Tensor TorchDistances::distances(const torch::Tensor& x, std::int64_t first,
                                        std::int64_t count) const {
  // The error of the product, some 1e-7 of the norms, is 1e-6 of what is accepted.
  constexpr double share = 1.0 / 16;
  constexpr double smallest = 1e-30;  // squares below it lose digits
  constexpr double largest = std::numeric_limits<float>::max();
  const torch::Tensor moved = about_mean(x);
  const torch::Tensor rows = about_mean(table_.given(first, count));
  const torch::Tensor sums =
      square_length(moved).to(torch::kFloat).unsqueeze(1) + norms_.narrow(0, first, count);
  torch::Tensor y = at::addmm(sums, moved, rows.t(), 1, -2);
  const torch::Tensor good =
      (y >= sums * share).logical_and_(sums >= smallest).logical_and_(y <= largest);
  if (!good.all().item<bool>()) take_exactly(x, first, good.logical_not(), y);
  return y;
}

void TorchDistances::take_exactly(const torch::Tensor& x, std::int64_t first,
                                  const torch::Tensor& doubtful, torch::Tensor& y) const {
  const torch::Tensor pairs = at::nonzero(doubtful);
  in_pieces(pairs.size(0), table_.width(), values_at_once,
            [&](std::int64_t at, std::int64_t count) {
              const torch::Tensor r = pairs.select(1, 0).narrow(0, at, count);
              const torch::Tensor c = pairs.select(1, 1).narrow(0, at, count);
              const torch::Tensor found =
                  square_of_difference(at::index_select(x, 0, r), table_.given(c + first));
              y.index_put_({r, c}, found.to(torch::kFloat));
            });
}

torch::Tensor TorchDistances::exact(const torch::Tensor& x, const torch::Tensor& index) const {
  const std::int64_t each = index.size(1);
  std::vector<torch::Tensor> pieces;
  in_pieces(x.size(0), each * table_.width(), values_at_once,
            [&](std::int64_t at, std::int64_t count) {
              const torch::Tensor rows = table_.given(index.narrow(0, at, count).reshape({-1}))
                                             .view({count, each, table_.width()});
              // Of a table of floats the difference reads floats and is taken in double.
              const torch::Tensor points = x.narrow(0, at, count).to(torch::kDouble).unsqueeze(1);
              pieces.push_back(at::square(at::linalg_vector_norm(points - rows, 2, {-1})));
            });
  return at::cat(pieces);
}

torch::Tensor TorchDistances::exact(const torch::Tensor& x, std::int64_t first,
                                    std::int64_t count) const {
  constexpr std::int64_t by_differences = 2;  // and never by a product
  return at::square(at::cdist(x.to(torch::kDouble), table_.given(first, count).to(torch::kDouble),
                              2, by_differences));
}

torch::Tensor TorchDistances::exact_to_mean(const torch::Tensor& x) const {
  return mean_.defined() ? square_of_difference(x, mean_) : square_length(x);
}

}  // namespace nescio::expr
