#include "math/nearest_rows.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>

#include "base/error.h"
#include "math/float_above.h"
#include "math/row_kernels.h"

namespace nescio::math {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Points that bytes are multiplied of at a time: what comes of it should stay in the second cache.
constexpr std::size_t points_at_once = 32;

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

double at_rank(std::vector<double>& values, std::size_t rank) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace

NearestRows::NearestRows(const DistanceTable& table, const SearchBounds* bounds, std::size_t points,
                         Order order, std::vector<Ranks> wanted)
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
      possible_(points),
      keys_(points * stride_),
      columns_(points * stride_),
      taken_(points) {
  if (k_ == 0 || k_ > table.rows()) {
    fail("[nearest] expected ranks below the ", table.rows(), " rows of the table, found ", k_);
  }
  if (bounds != nullptr) {
    if (bounds->scout) scout_.emplace(*bounds->scout, points);
    for (const DistanceBounds& each : bounds->levels) levels_.emplace_back(each, points);
    products_.resize(std::min(points, points_at_once) * tile_columns);
  }
  ways_ = FastestWay(levels_.size() + 1);
  for (const float length : table.lengths()) {
    const bool finite = std::isfinite(length);
    longest_ = std::max(longest_, finite ? length : std::numeric_limits<float>::infinity());
  }
  for (auto* values : {&low_, &high_, &exact_}) values->reserve(capacity_);
  for (auto& values : taken_) values.reserve(k_);
}

void NearestRows::search(MatrixView x, std::size_t points, float* tile, float* scratch,
                         float* out) {
  // What pays differs between machines and data by more than a rule foresees.
  const auto begin = std::chrono::steady_clock::now();
  const bool tells = points == lengths_.size();  // a block that is not full says little
  const std::size_t way = tells ? ways_.next() : ways_.fastest();
  const auto levels = std::span(levels_).subspan(way);
  const bool scouted = scout_ && way == 0;
  const MatrixView about_mean = table_.about_mean(x, scratch);
  start(x, about_mean, points);
  if (scouted) scout(about_mean);
  // Bounds need limits, and help where rows differ by more than they show. After a tile in which they did
  // not, some tiles go without them, each time twice as many.
  for (Level& level : levels) {
    level.bounds->encode(about_mean, count_, level.as_bytes);
    level.without = scouted ? 0 : 1;
    level.pause = 1;
  }
  const auto serves = [&](Level& level, std::size_t first, std::size_t count) {
    if (level.without > 0) {
      --level.without;
      return false;
    }
    if (add_possible(level, about_mean, first, count, reinterpret_cast<std::int32_t*>(tile))) {
      level.pause = 1;
      return true;
    }
    level.without = level.pause;
    level.pause *= 2;
    return false;
  };
  for (std::size_t first = 0; first < table_.rows(); first += tile_columns) {
    const std::size_t count = std::min(tile_columns, table_.rows() - first);
    const auto one = [&](Level& level) { return serves(level, first, count); };
    if (!std::ranges::any_of(levels, one)) add_all(about_mean, first, count, tile);
  }
  for (std::size_t p = 0; p < count_; ++p) finish(p, out + p * k_);
  if (!tells) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  ways_.took(way, taken.count());
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
    // Far enough from the end for all steps of a bound; also where it is NaN.
    out_of_range_[p] = largest < 1e35 ? 0 : 1;
  }
}

/// Lowers the limits to what the rows prove that seem to be the nearest.
void NearestRows::scout(MatrixView about_mean) {
  scout_->bounds->encode(about_mean, count_, scout_->as_bytes);
  // More than are asked for, since what seems nearer is not always.
  const std::size_t candidates =
      std::min(std::max<std::size_t>(2 * k_, 16), 2 * (capacity_ - key_slack) / 3);
  const auto keep_nearest = [&](std::size_t p) {
    std::int32_t border = 0;
    counts_[p] = keep_smallest_keys(&keys_[p * stride_], &columns_[p * stride_], counts_[p],
                                    candidates, candidates + candidates / 8, &border);
    limits_[p] = value_of_key(border);
  };
  for (std::size_t first = 0; first < table_.rows(); first += tile_columns) {
    const std::size_t count = std::min(tile_columns, table_.rows() - first);
    with_products(*scout_, first, count, [&](std::size_t p, std::int32_t* products) {
      scout_->bounds->estimate(scout_->as_bytes, p, first, count, products);
      for (std::size_t i = 0; i < count;) {
        append_keys_below(reinterpret_cast<const float*>(products), count, sign_,
                          static_cast<float>(limits_[p]), first, capacity_, i, counts_[p],
                          &keys_[p * stride_], &columns_[p * stride_]);
        if (i < count) keep_nearest(p);
      }
      return true;
    });
  }
  for (std::size_t p = 0; p < count_; ++p) {
    if (out_of_range_[p] != 0) continue;
    if (counts_[p] > candidates) keep_nearest(p);
    prove_limit(p, about_mean.row(p));
  }
}

/// Whatever the rows in the buffer seemed to be, no more than k - 1 rows are nearer than the k-th of them.
void NearestRows::prove_limit(std::size_t p, const float* x_about_mean) {
  limits_[p] = infinity;
  std::array<float, 64> distances;
  const std::uint32_t* columns = &columns_[p * stride_];
  exact_.clear();
  for (std::size_t i = 0; i < counts_[p]; i += distances.size()) {
    std::array<std::int32_t, distances.size()> rows;
    const std::size_t some = std::min(distances.size(), counts_[p] - i);
    std::copy_n(columns + i, some, rows.begin());
    table_.relative_distances(x_about_mean, 0, rows.data(), some, distances.data());
    for (std::size_t j = 0; j < some; ++j) {
      exact_.push_back(sign_ * distances[j] + error(p, columns[i + j]));
    }
  }
  if (counts_[p] >= k_) limits_[p] = at_rank(exact_, k_ - 1);
  counts_[p] = 0;
}

void NearestRows::add_all(MatrixView about_mean, std::size_t first, std::size_t count,
                          float* tile) {
  table_.relative_distances(about_mean, first, count, tile);
  const float longest = longest_of(first, count);
  for (std::size_t p = 0; p < count_; ++p) {
    if (out_of_range_[p] != 0) {
      take_exactly(p, first, count);
    } else {
      keep(p, tile + p * count, count, table_.error(lengths_[p], longest), first, nullptr);
    }
  }
}

/// each(point, its products of bytes with the rows of the tile), of points in range, until that is false; whether it
/// never was.
template <class Each>
bool NearestRows::with_products(const Level& level, std::size_t first, std::size_t count,
                                Each each) {
  for (std::size_t from = 0; from < count_; from += points_at_once) {
    const std::size_t some = std::min(points_at_once, count_ - from);
    level.bounds->multiply(level.as_bytes, from, some, first, count, products_.data(),
                           tile_columns);
    for (std::size_t p = from; p < from + some; ++p) {
      if (out_of_range_[p] != 0) continue;
      if (!each(p, &products_[(p - from) * tile_columns])) return false;
    }
  }
  return true;
}

/// As add_all(), from the rows of the tile that bounds leave; false, and nothing was added, if they leave
/// so many that one product for all of them is faster.
bool NearestRows::add_possible(Level& level, MatrixView about_mean, std::size_t first,
                               std::size_t count, std::int32_t* tile) {
  constexpr std::size_t most = 8;  // of the tile may be left: one in so many
  const float longest = longest_of(first, count);
  std::size_t left = 0;
  const bool few =
      with_products(level, first, count, [&](std::size_t p, const std::int32_t* products) {
        if (counts_[p] >= k_ + k_ / 4) shrink(p);  // the closer the limit, the fewer rows are left
        possible_[p] = level.bounds->possible_rows(level.as_bytes, p, sign_, limits_[p],
                                                   table_.error(lengths_[p], longest), first, count,
                                                   products, tile + p * count);
        left += possible_[p];
        return left * most <= count_ * count;
      });
  if (!few) return false;
  std::array<float, 64> distances;
  for (std::size_t p = 0; p < count_; ++p) {
    if (out_of_range_[p] != 0) {
      take_exactly(p, first, count);
      continue;
    }
    const double error = table_.error(lengths_[p], longest);
    const std::int32_t* rows = tile + p * count;
    for (std::size_t i = 0; i < possible_[p]; i += distances.size()) {
      const std::size_t some = std::min(distances.size(), possible_[p] - i);
      table_.relative_distances(about_mean.row(p), first, rows + i, some, distances.data());
      keep(p, distances.data(), some, error, first, rows + i);
    }
  }
  return true;
}

/// Puts into the buffer what the limit does not rule out of `count` relative distances, to the rows
/// that follow `first` or to first + rows[i]; none is off by more than `error`.
void NearestRows::keep(std::size_t p, const float* distances, std::size_t count, double error,
                       std::size_t first, const std::int32_t* rows) {
  std::uint32_t* columns = &columns_[p * stride_];
  for (std::size_t i = 0; i < count;) {
    const std::size_t before = counts_[p];
    append_keys_below(distances, count, sign_, float_above(limits_[p] + error),
                      rows == nullptr ? first : 0, capacity_, i, counts_[p], &keys_[p * stride_],
                      columns);
    if (rows != nullptr) {
      for (std::size_t c = before; c < counts_[p]; ++c) {
        columns[c] =
            static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(rows[columns[c]]);
      }
    }
    if (i == count) break;
    shrink(p);
    if (counts_[p] > k_ + (capacity_ - k_) / 2) empty_buffer(p);
  }
}

float NearestRows::longest_of(std::size_t first, std::size_t count) const {
  const auto begin = table_.lengths().begin() + static_cast<std::ptrdiff_t>(first);
  return *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(count));
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

void NearestRows::take_exactly(std::size_t p, std::size_t first, std::size_t count) {
  for (std::size_t c = first; c < first + count; ++c) take_exactly(p, c);
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
