#include "expr_torch/torch_search.h"

#include <algorithm>

namespace nescio::expr {
namespace {

TorchFound top(const torch::Tensor& values, std::int64_t count, bool largest) {
  const auto [first, columns] =
      at::topk(values, std::min(count, values.size(1)), 1, largest, false);
  return {first, columns};
}

/// The first of both.
TorchFound merge(const TorchFound& a, const TorchFound& b, std::int64_t count) {
  if (!a.values.defined()) return b;
  const TorchFound all = top(at::cat({a.values, b.values}, 1), count, false);
  return {all.values, at::gather(at::cat({a.columns, b.columns}, 1), 1, all.columns)};
}

}  // namespace

// A selection reads its row several times. So the best of each group of columns are taken first, by one pass: the
// first k values lie in the k groups with the best ones.
TorchFound first_in_order(const torch::Tensor& tile, std::int64_t count, bool largest) {
  constexpr std::int64_t group = 32;
  const std::int64_t rows = tile.size(0), groups = tile.size(1) / group;
  if (groups * group != tile.size(1) || groups < 4 * count) return top(tile, count, largest);
  const torch::Tensor grouped = tile.view({rows, group, groups});
  const torch::Tensor best = largest ? at::amax(grouped, {1}) : at::amin(grouped, {1});
  const torch::Tensor chosen = top(best, count, largest).columns;
  const torch::Tensor starts = at::arange(group, chosen.options()).mul_(groups).view({1, group, 1});
  const torch::Tensor columns = (chosen.unsqueeze(1) + starts).view({rows, group * count});
  const TorchFound found = top(at::gather(tile, 1, columns), count, largest);
  return {found.values, at::gather(columns, 1, found.columns)};
}

std::int64_t columns_of_tile(std::int64_t rows, std::int64_t all, std::size_t values) {
  std::int64_t columns = 256;
  while (columns < all && static_cast<std::size_t>(2 * columns * rows) <= values) columns *= 2;
  return columns;
}

TorchSearch::TorchSearch(const TorchDistances& distances, Over order, std::int64_t wanted,
                         std::size_t tile_values)
    : distances_(distances),
      sign_(order == Over::smallest ? 1 : -1),
      wanted_(wanted),
      kept_(std::min(distances.rows(), wanted + std::max<std::int64_t>(16, wanted / 8))),
      tile_values_(tile_values) {}

TorchFound TorchSearch::candidates(const torch::Tensor& x_about_mean) const {
  const std::int64_t points = x_about_mean.size(0), rows = distances_.rows();
  const std::int64_t columns = columns_of_tile(points, rows, tile_values_);
  const torch::Tensor buffer =
      at::empty({points * std::min(columns, rows)}, x_about_mean.options());
  TorchFound best;
  for (std::int64_t first = 0; first < rows; first += columns) {
    const std::int64_t count = std::min(columns, rows - first);
    torch::Tensor tile = buffer.narrow(0, 0, points * count).view({points, count});
    distances_.relative(x_about_mean, first, sign_, tile);
    TorchFound found = first_in_order(tile, kept_, false);
    found.columns += first;
    best = merge(best, found, kept_);
  }
  return best;
}

torch::Tensor TorchSearch::search(const torch::Tensor& x, std::int64_t count) const {
  const TorchFound best = candidates(distances_.about_mean(x));
  const torch::Tensor exact = std::get<0>(at::sort(distances_.exact(x, best.columns) * sign_, 1));
  torch::Tensor found = exact.narrow(1, 0, wanted_).contiguous();
  if (kept_ < distances_.rows()) {
    // What was not kept lies, but for the error, behind all that was.
    const torch::Tensor x_norms = distances_.exact_to_mean(x);
    const torch::Tensor lengths = at::sqrt(x_norms);
    const torch::Tensor last = found.select(1, wanted_ - 1);
    const torch::Tensor rounding = 1e-14 * (x_norms + at::abs(last));
    const torch::Tensor border =
        at::amax(best.values, {1}).to(torch::kDouble) - distances_.error(lengths);
    const torch::Tensor proven =
        (last - sign_ * x_norms + rounding <= border).logical_and_(distances_.in_range(lengths));
    const torch::Tensor open = at::nonzero(proven.narrow(0, 0, count).logical_not()).view({-1});
    if (open.numel() > 0) {
      found.index_copy_(0, open, among_all(at::index_select(x, 0, open)));
    }
  }
  return (found * sign_).to(torch::kFloat);
}

torch::Tensor TorchSearch::among_all(const torch::Tensor& x) const {
  constexpr std::int64_t points_at_once = 1024;
  const std::int64_t rows = distances_.rows();
  const std::int64_t columns = std::clamp<std::int64_t>(
      TorchDistances::values_at_once / std::max(points_at_once, x.size(1)), 1, rows);
  std::vector<torch::Tensor> pieces;
  for (std::int64_t at = 0; at < x.size(0); at += points_at_once) {
    const torch::Tensor points = x.narrow(0, at, std::min(points_at_once, x.size(0) - at));
    TorchFound best;
    for (std::int64_t first = 0; first < rows; first += columns) {
      const std::int64_t some = std::min(columns, rows - first);
      const torch::Tensor tile = distances_.exact(points, first, some) * sign_;
      best = merge(best, top(tile, wanted_, false), wanted_);
    }
    pieces.push_back(std::get<0>(at::sort(best.values, 1)));
  }
  return at::cat(pieces);
}

}  // namespace nescio::expr
