#include "math/nearest_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "math/row_kernels.h"

namespace nescio::math {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Ascending and apart; those that nearly touch become one, since each costs a pass.
std::vector<Ranks> merged(std::vector<Ranks> ranks) {
  std::ranges::sort(ranks, {}, &Ranks::first);
  std::vector<Ranks> out;
  for (const Ranks& r : ranks) {
    if (!out.empty() && r.first <= out.back().last + 16) {
      out.back().last = std::max(out.back().last, r.last);
    } else {
      out.push_back(r);
    }
  }
  return out;
}

/// The least float that is > value.
float float_above(double value) {
  const auto nearest = static_cast<float>(value);
  return std::nextafter(nearest, std::numeric_limits<float>::infinity());
}

double at_rank(std::vector<double>& values, std::size_t rank) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace

NearestRows::NearestRows(const DistanceTable& table, std::size_t points, Order order,
                         std::vector<Ranks> wanted)
    : table_(table),
      wanted_(merged(std::move(wanted))),
      k_(wanted_.empty() ? 0 : wanted_.back().last),
      capacity_(k_ + std::max<std::size_t>(2 * k_, 256)),
      stride_(capacity_ + key_slack),
      sign_(sign_of(order)),
      lengths_(points),
      limits_(points),
      out_of_range_(points),
      counts_(points),
      keys_(points * stride_),
      columns_(points * stride_),
      taken_(points) {
  if (k_ == 0 || k_ > table.rows()) {
    fail("[nearest] expected ranks below the ", table.rows(), " rows of the table, found ", k_);
  }
  for (const float length : table.lengths()) {
    const bool finite = std::isfinite(length);
    longest_ = std::max(longest_, finite ? length : std::numeric_limits<float>::infinity());
  }
  for (auto* values : {&low_, &high_, &exact_}) values->reserve(capacity_);
  for (auto& values : taken_) values.reserve(k_);
}

void NearestRows::search(MatrixView x, std::size_t points, float* tile, float* scratch,
                         float* out) {
  const MatrixView about_mean = table_.about_mean(x, scratch);
  start(x, about_mean, points);
  for (std::size_t first = 0; first < table_.rows(); first += tile_columns) {
    const std::size_t count = std::min(tile_columns, table_.rows() - first);
    table_.relative_distances(about_mean, first, count, tile);
    add(tile, first, count);
  }
  for (std::size_t p = 0; p < count_; ++p) finish(p, out + p * k_);
}

void NearestRows::start(MatrixView x, MatrixView about_mean, std::size_t count) {
  x_ = x;
  count_ = count;
  reduce(Reduction::l2_norm, about_mean.data, about_mean.stride, x.rows, table_.width(),
         lengths_.data(), 1);
  std::ranges::fill(limits_, infinity);
  std::ranges::fill(counts_, 0);
  for (auto& values : taken_) values.clear();
  for (std::size_t p = 0; p < count_; ++p) {
    const double largest = static_cast<double>(longest_) * (2.0 * lengths_[p] + longest_);
    out_of_range_[p] = largest < 1e38 ? 0 : 1;  // also where it is NaN
  }
}

void NearestRows::add(const float* tile, std::size_t first, std::size_t count) {
  const auto begin = table_.lengths().begin() + static_cast<std::ptrdiff_t>(first);
  const double longest = *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(count));
  for (std::size_t p = 0; p < count_; ++p) {
    if (out_of_range_[p] != 0) {
      for (std::size_t c = first; c < first + count; ++c) take_exactly(p, c);
      continue;
    }
    const double error = table_.error(lengths_[p], static_cast<float>(longest));
    for (std::size_t i = 0; i < count;) {
      append_keys_below(tile + p * count, count, sign_, float_above(limits_[p] + error), first,
                        capacity_, i, counts_[p], &keys_[p * stride_], &columns_[p * stride_]);
      if (i == count) break;
      shrink(p);
      if (counts_[p] > k_ + (capacity_ - k_) / 2) empty_buffer(p);
    }
  }
}

/// Lowers the limit to what the rows in the buffer prove, and drops those that lie beyond it.
void NearestRows::shrink(std::size_t p) {
  std::int32_t* keys = &keys_[p * stride_];
  std::uint32_t* columns = &columns_[p * stride_];
  const std::size_t count = counts_[p];
  if (count >= k_) {
    const std::int32_t border = key_of_rank(keys, count, k_, k_ + k_ / 8);
    float longest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (keys[i] <= border) longest = std::max(longest, table_.lengths()[columns[i]]);
    }
    limits_[p] = std::min(limits_[p], value_of_key(border) + table_.error(lengths_[p], longest));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool possible = value_of_key(keys[i]) - error(p, columns[i]) <= limits_[p];
    keys[kept] = keys[i];
    columns[kept] = columns[i];
    kept += possible ? 1 : 0;
  }
  counts_[p] = kept;
}

void NearestRows::take_exactly(std::size_t p, std::size_t column) {
  std::vector<double>& taken = taken_[p];  // a heap with the last in order on top
  const double distance = exact(p, column);
  if (taken.size() < k_) {
    taken.push_back(distance);
    std::ranges::push_heap(taken);
  } else if (distance < taken.front()) {
    std::ranges::pop_heap(taken);
    taken.back() = distance;
    std::ranges::push_heap(taken);
  }
}

void NearestRows::empty_buffer(std::size_t p) {
  for (std::size_t i = 0; i < counts_[p]; ++i) take_exactly(p, columns_[p * stride_ + i]);
  counts_[p] = 0;
  if (taken_[p].size() < k_) return;
  const double x_norm = table_.exact_to_mean(x_.data + p * x_.stride);
  const double kth = taken_[p].front();
  const double rounding = 1e-14 * (x_norm + std::abs(kth));
  limits_[p] = std::min(limits_[p], kth - sign_ * x_norm + rounding);
}

void NearestRows::finish(std::size_t p, float* out) {
  if (!taken_[p].empty()) {
    empty_buffer(p);
    std::ranges::sort_heap(taken_[p]);
    for (const Ranks& ranks : wanted_) {
      for (std::size_t i = ranks.first; i < ranks.last; ++i) {
        out[i] = static_cast<float>(sign_ * taken_[p][i]);
      }
    }
    return;
  }
  shrink(p);
  const std::int32_t* keys = &keys_[p * stride_];
  const std::uint32_t* columns = &columns_[p * stride_];
  for (const Ranks& ranks : wanted_) {
    low_.clear();
    high_.clear();
    exact_.clear();
    for (std::size_t i = 0; i < counts_[p]; ++i) {
      const double value = value_of_key(keys[i]);
      const double e = error(p, columns[i]);
      low_.push_back(value - e);
      high_.push_back(value + e);
    }
    // Between the ranks' own first low and last high ends; what ends before the one surely comes
    // earlier, what begins after the other surely later.
    const double low = at_rank(low_, ranks.first);
    const double high = at_rank(high_, ranks.last - 1);
    std::size_t earlier = 0;
    for (std::size_t i = 0; i < counts_[p]; ++i) {
      const double value = value_of_key(keys[i]);
      const double e = error(p, columns[i]);
      if (value + e < low) {
        ++earlier;
      } else if (value - e <= high) {
        exact_.push_back(exact(p, columns[i]));
      }
    }
    std::ranges::sort(exact_);
    for (std::size_t i = ranks.first; i < ranks.last; ++i) {
      out[i] = static_cast<float>(sign_ * exact_[i - earlier]);
    }
  }
}

}  // namespace nescio::math
