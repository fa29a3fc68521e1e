#include "nn/position_tables.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace nescio::nn {
namespace {

/// How many distances a grid has along one side.
std::int64_t distances(std::int64_t side) { return 2 * side - 1; }

std::int64_t whole_root(std::int64_t square) {
  return std::llround(std::sqrt(static_cast<double>(square)));
}

/// Where the distances 1, 2, ... of a small grid lie on a larger one.
std::vector<double> progression(std::int64_t from, std::int64_t to) {
  const std::int64_t terms = distances(from) / 2;
  const auto sum = [&](double q) {
    double total = 0, power = 1;
    for (std::int64_t i = 0; i < terms; ++i, power *= q) total += power;
    return total;
  };
  double low = 1.01, high = 1.5, q = low;
  while (high - low > 1e-6) {
    q = (low + high) / 2;
    (sum(q) > static_cast<double>(distances(to) / 2) ? high : low) = q;
  }
  std::vector<double> places;
  double place = 0, power = 1;
  for (std::int64_t i = 0; i < terms; ++i, power *= q) places.push_back(place += power);
  return places;
}

/// The interpolating cubic spline through values at `knots`, read at `points`, as a matrix
/// [points, knots]; at the second and the last but one knot the third derivative does not jump, beyond
/// the ends it stays what it is there (FITPACK's choices).
torch::Tensor spline(const std::vector<double>& knots, const std::vector<double>& points) {
  const auto n = static_cast<std::int64_t>(knots.size());
  // Second derivatives M at the knots solve left M = right values.
  torch::Tensor left = torch::zeros({n, n}, torch::kFloat64);
  torch::Tensor right = torch::zeros({n, n}, torch::kFloat64);
  auto l = left.accessor<double, 2>();
  auto r = right.accessor<double, 2>();
  const auto h = [&](std::int64_t i) {
    const auto k = static_cast<std::size_t>(i);
    return knots[k + 1] - knots[k];
  };
  for (std::int64_t i = 1; i + 1 < n; ++i) {
    l[i][i - 1] = h(i - 1) / 6;
    l[i][i] = (h(i - 1) + h(i)) / 3;
    l[i][i + 1] = h(i) / 6;
    r[i][i - 1] = 1 / h(i - 1);
    r[i][i] = -1 / h(i - 1) - 1 / h(i);
    r[i][i + 1] = 1 / h(i);
  }
  for (const std::int64_t i : {std::int64_t{0}, n - 3}) {
    const std::int64_t row = i == 0 ? 0 : n - 1;
    l[row][i] += 1 / h(i);
    l[row][i + 1] -= 1 / h(i) + 1 / h(i + 1);
    l[row][i + 2] += 1 / h(i + 1);
  }
  const torch::Tensor second = torch::linalg_solve(left, right);
  const auto m = second.accessor<double, 2>();
  torch::Tensor out = torch::zeros({static_cast<std::int64_t>(points.size()), n}, torch::kFloat64);
  auto o = out.accessor<double, 2>();
  for (std::size_t p = 0; p < points.size(); ++p) {
    const auto row = static_cast<std::int64_t>(p);
    const double x = std::clamp(points[p], knots.front(), knots.back());
    std::int64_t i = 0;
    while (i + 2 < n && x > knots[static_cast<std::size_t>(i) + 1]) ++i;
    const double b = (x - knots[static_cast<std::size_t>(i)]) / h(i), a = 1 - b;
    const double square = h(i) * h(i) / 6;
    o[row][i] += a;
    o[row][i + 1] += b;
    for (std::int64_t k = 0; k < n; ++k) {
      o[row][k] += square * ((a * a * a - a) * m[i][k] + (b * b * b - b) * m[i + 1][k]);
    }
  }
  return out;
}

}  // namespace

torch::Tensor sine_positions(std::int64_t side, std::int64_t width) {
  const auto options = torch::dtype(torch::kFloat64);
  const std::int64_t quarter = width / 4;
  const torch::Tensor w =
      torch::pow(10000.0, -torch::arange(quarter, options) / static_cast<double>(quarter));
  const torch::Tensor angles = torch::outer(torch::arange(side, options), w);
  const torch::Tensor along = torch::cat({angles.sin(), angles.cos()}, 1);  // [side, width / 2]
  const torch::Tensor x = along.unsqueeze(0).expand({side, side, -1});
  const torch::Tensor y = along.unsqueeze(1).expand({side, side, -1});
  return torch::cat({x, y}, 2).reshape({side * side, width}).to(torch::kFloat32);
}

torch::Tensor resized_positions(const torch::Tensor& table, std::int64_t prefix,
                                std::int64_t side) {
  const std::int64_t from = whole_root(table.size(0) - prefix);
  if (from == side) return table;
  const torch::Tensor picture =
      table.slice(0, prefix).reshape({1, from, from, -1}).permute({0, 3, 1, 2});
  const torch::Tensor grid = at::_upsample_bicubic2d_aa(picture, {side, side}, false);
  return torch::cat({table.slice(0, 0, prefix),
                     grid.permute({0, 2, 3, 1}).reshape({side * side, table.size(1)})});
}

std::int64_t relative_rows(std::int64_t side) { return distances(side) * distances(side) + 3; }

torch::Tensor relative_index(std::int64_t side) {
  const std::int64_t rows = relative_rows(side);
  const torch::Tensor along = torch::arange(side);
  const torch::Tensor y = along.unsqueeze(1).expand({side, side}).flatten();
  const torch::Tensor x = along.unsqueeze(0).expand({side, side}).flatten();
  const auto apart = [&](const torch::Tensor& at) {
    return at.unsqueeze(1) - at.unsqueeze(0) + side - 1;
  };
  const std::int64_t tokens = side * side + 1;
  torch::Tensor index = torch::zeros({tokens, tokens}, torch::kInt64);
  index.slice(0, 1).slice(1, 1).copy_(apart(y) * distances(side) + apart(x));
  index.select(0, 0).fill_(rows - 3);
  index.select(1, 0).fill_(rows - 2);
  index.select(0, 0).slice(0, 0, 1).fill_(rows - 1);
  return index;
}

torch::Tensor resized_relative(const torch::Tensor& table, std::int64_t side) {
  const std::int64_t rows = table.size(0) - 3, heads = table.size(1);
  const std::int64_t from = (whole_root(rows) + 1) / 2;
  if (from == side) return table;
  if (from < 3) {
    fail("a table of relative positions of ", from, " x ", from,
         " patches is too small to be stretched over ", side, " x ", side);
  }
  const std::vector<double> places = progression(from, side);
  std::vector<double> knots(places.rbegin(), places.rend());
  for (double& knot : knots) knot = -knot;
  knots.push_back(0);
  knots.insert(knots.end(), places.begin(), places.end());
  std::vector<double> points;
  for (std::int64_t i = 1 - side; i < side; ++i) points.push_back(static_cast<double>(i));
  const torch::Tensor weights = spline(knots, points).to(table.options().requires_grad(false));
  const torch::Tensor planes =
      table.slice(0, 0, rows).t().reshape({heads, distances(from), distances(from)});
  const torch::Tensor wide = torch::matmul(torch::matmul(weights, planes), weights.t());
  return torch::cat({wide.reshape({heads, -1}).t(), table.slice(0, rows)});
}

}  // namespace nescio::nn
