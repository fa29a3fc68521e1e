// How many directions bounds are to have is tried on a sample of the rows.
#include "math/search_bounds.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "math/gemm.h"

namespace nescio::math {
namespace {

constexpr std::size_t sample_rows = 4096;
constexpr std::size_t sample_points = 64;

/// As shares of the time that floats of all rows take.
struct Costs {
  double bytes;  // of all numbers of a row
  double left;   // if all rows were left: they are read one by one
  double pass;   // by the width: a scout goes through all distances once more

  /// A point alone is bound by what it reads. For many a product of floats was measured with AVX2.
  Costs(std::size_t points, const ByteKernel& kernel)
      : bytes(points == 1 ? 0.25 : kernel.cost),
        left(points == 1 ? 1.3 : 8),
        pass(points == 1 ? 0 : 24) {}
};
/// Directions are taken where they cost less than this of the bytes alone.
constexpr double gain = 0.8;

/// Fewer nearest rows of the sample are left to chance.
constexpr std::size_t least_nearest = 4;

/// Bytes are multiplied in blocks of so many.
constexpr std::size_t block = 16;
/// Directions that the scout of so many has.
std::size_t scouts_of(std::size_t directions) {
  return std::max(block, directions / 4 / block * block);
}

/// Rows, and what bounds use of them when only their first numbers are bytes.
struct Sample {
  std::size_t width = 0;
  std::vector<float> values = {};   // [n, width]
  std::vector<float> lengths = {};  // of the whole rows
  std::size_t n() const { return lengths.size(); }

  /// About how long the row is that its first numbers as bytes leave.
  /// A row's bytes have either sign, those of a point begin with the lowest number as 0 and end with `most`.
  double rest(std::size_t r, std::size_t first, std::optional<std::uint8_t> most) const {
    const auto [low, high] = std::minmax_element(&values[r * width], &values[r * width] + first);
    const double step =
        most ? (*high - *low) / *most : std::max(std::abs(*low), std::abs(*high)) / 127;
    return step * std::sqrt(static_cast<double>(first) / 12);
  }
  double squares(std::size_t r, std::size_t first) const {
    double sum = 0;
    for (std::size_t c = 0; c < first; ++c) {
      sum += static_cast<double>(values[r * width + c]) * values[r * width + c];
    }
    return sum;
  }
  Sample projected(const LeadingDirections& directions) const {
    Sample out{directions.count, std::vector<float>(n() * directions.count), lengths};
    directions.project(values.data(), n(), width, out.values.data());
    return out;
  }
};

Sample sample_of(const DistanceTable& table, std::uint64_t seed, std::size_t count) {
  Sample out{.width = table.width()};
  Rng rng(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = rng.below(table.rows());
    if (!std::isfinite(table.lengths()[row])) continue;
    const float* values = table.row_about_mean(row);
    out.values.insert(out.values.end(), values, values + out.width);
    out.lengths.push_back(table.lengths()[row]);
  }
  return out;
}

/// -2 x y of their first numbers.
std::vector<float> sample_products(const Sample& points, const Sample& rows, std::size_t first) {
  std::vector<float> out(points.n() * rows.n());
  gemm(true, points.n(), rows.n(), first, -2.0f, points.values.data(), points.width,
       rows.values.data(), rows.width, 0.0f, out.data(), rows.n());
  return out;
}

class Trial {
 public:
  /// Each point has `nearest` rows within its limit.
  Trial(const Sample& points, const Sample& rows, std::size_t nearest, std::uint8_t most)
      : limits_(points.n()), most_(most) {
    std::vector<float> distances = sample_products(points, rows, points.width);
    for (std::size_t p = 0; p < points.n(); ++p) {
      float* own = &distances[p * rows.n()];
      for (std::size_t r = 0; r < rows.n(); ++r) own[r] += rows.lengths[r] * rows.lengths[r];
      std::nth_element(own, own + nearest - 1, own + rows.n());
      limits_[p] = own[nearest - 1];
    }
  }

  /// The share of pairs that bounds of the first numbers do not rule out.
  double left(const Sample& points, const Sample& rows, std::size_t first) const {
    const std::vector<float> all = sample_products(points, rows, first);
    std::vector<double> rests(rows.n()), tails(rows.n());
    for (std::size_t r = 0; r < rows.n(); ++r) {
      rests[r] = rows.rest(r, first, std::nullopt);
      tails[r] = tail(rows, r, first);
    }
    std::size_t count = 0;
    for (std::size_t p = 0; p < points.n(); ++p) {
      const double rest = points.rest(p, first, most_), outside = tail(points, p, first);
      for (std::size_t r = 0; r < rows.n(); ++r) {
        const double length = rows.lengths[r];
        const double error = rest * length + points.lengths[p] * rests[r] + outside * tails[r];
        count += all[p * rows.n() + r] + length * length - 2 * error <= limits_[p] ? 1 : 0;
      }
    }
    return static_cast<double>(count) / static_cast<double>(points.n() * rows.n());
  }

 private:
  static double tail(const Sample& sample, std::size_t r, std::size_t first) {
    const double length = sample.lengths[r];
    return std::sqrt(std::max(0.0, length * length - sample.squares(r, first)));
  }

  std::vector<double> limits_;
  std::uint8_t most_;
};

/// None where bytes of all numbers serve as well.
std::optional<LeadingDirections> directions_that_pay(const DistanceTable& table,
                                                     std::size_t nearest, std::size_t together,
                                                     const ByteKernel& kernel) {
  const std::size_t width = table.width();
  const Sample learned = sample_of(table, 1, sample_rows);
  if (learned.n() < sample_rows / 2) return std::nullopt;  // few rows are finite
  constexpr std::size_t most = 512;                        // more cost more than they save
  const std::size_t half = std::min(most, (width / 2 + block - 1) / block * block);
  const LeadingDirections all = leading_directions(learned.values.data(), learned.n(), width, half);
  // Other rows than those that the directions are of.
  const Sample rows = sample_of(table, 2, sample_rows), points = sample_of(table, 3, sample_points);
  const Sample few_rows = rows.projected(all), few_points = points.projected(all);
  const double share_wanted = static_cast<double>(nearest) / static_cast<double>(table.rows());
  const auto in_sample = static_cast<std::size_t>(share_wanted * static_cast<double>(rows.n()));
  const Trial trial(points, rows, std::min(std::max(in_sample, least_nearest), rows.n()),
                    kernel.most);
  const Costs costs(together, kernel);
  double least = gain * (costs.bytes + costs.left * trial.left(points, rows, width));
  std::optional<std::size_t> best;
  for (std::size_t count = all.count; count >= block; count = count / 2 / block * block) {
    const double share = static_cast<double>(count) / static_cast<double>(width);
    const double scouts = static_cast<double>(scouts_of(count)) / static_cast<double>(width);
    const double cost = costs.bytes * (share + scouts) + costs.pass / static_cast<double>(width) +
                        costs.left * trial.left(few_points, few_rows, count);
    if (cost >= least) continue;
    least = cost;
    best = count;
  }
  if (!best) return std::nullopt;
  LeadingDirections out = all.first(*best);
  if (!(out.skew < 1e-3)) return std::nullopt;
  return out;
}

}  // namespace

SearchBounds bounds_that_pay(const DistanceTable& table, std::size_t nearest, std::size_t points,
                             const ByteKernel& kernel) {
  SearchBounds out;
  if (kernel.cost > 0.5 || table.width() < 64 || table.rows() < 2 * sample_rows) return out;
  if (auto directions = directions_that_pay(table, nearest, points, kernel)) {
    out.scout.emplace(table, directions->first(scouts_of(directions->count)), kernel);
    out.levels.emplace_back(table, std::move(directions), kernel);
  }
  out.levels.emplace_back(table, std::nullopt, kernel);
  return out;
}

}  // namespace nescio::math
