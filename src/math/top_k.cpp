#include "math/top_k.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>

#include "base/error.h"

namespace nescio::math {
namespace {

/// Key and column as one number each, sorted: ties by column.
void sort_pairs(const std::int32_t* keys, const std::uint32_t* columns, std::size_t count,
                std::uint64_t* pairs) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto high = static_cast<std::uint32_t>(keys[i]) ^ 0x80000000u;
    pairs[i] = (static_cast<std::uint64_t>(high) << 32) | columns[i];
  }
  thread_local const hwy::Sorter sorter;
  sorter(pairs, count, hwy::SortAscending());
}

std::uint32_t column_of(std::uint64_t pair) { return static_cast<std::uint32_t>(pair); }

std::int32_t key_of_pair(std::uint64_t pair) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(pair >> 32) ^ 0x80000000u);
}

}  // namespace

std::size_t sort_scratch_floats(std::size_t width) { return 2 * width + 2 * (width + key_slack); }

void sort_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
               std::size_t prefix, Order order, float* scratch, float* y, float* columns) {
  if (prefix > width) {
    fail("[sort] expected a prefix of at most ", width, " columns, found ", prefix);
  }
  if (prefix == 0) return;
  auto* pairs = reinterpret_cast<std::uint64_t*>(scratch);
  auto* keys = reinterpret_cast<std::int32_t*>(pairs + width);
  auto* places = reinterpret_cast<std::uint32_t*>(keys + width + key_slack);
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = x + r * stride;
    start_keys(row, width, sign_of(order), 0, keys, places);
    std::int32_t border = 0;
    const std::size_t kept = keep_smallest_keys(keys, places, width, prefix, 2 * prefix, &border);
    sort_pairs(keys, places, kept, pairs);
    for (std::size_t i = 0; i < prefix; ++i) {
      y[r * prefix + i] = row[column_of(pairs[i])];
      if (columns != nullptr) columns[r * prefix + i] = static_cast<float>(column_of(pairs[i]));
    }
  }
}

RunningTopK::RunningTopK(std::size_t rows, std::size_t k, Order order)
    : rows_(rows),
      k_(k),
      capacity_(k + std::max<std::size_t>(2 * k, 256)),
      stride_(capacity_ + key_slack),
      sign_(sign_of(order)),
      keys_(rows * stride_),
      columns_(rows * stride_),
      counts_(rows),
      bounds_(rows),
      pairs_(capacity_) {
  if (k == 0) fail("[top_k] k: expected at least 1, found 0");
}

void RunningTopK::reset() {
  seen_ = 0;
  next_column_ = 0;
  std::fill(counts_.begin(), counts_.end(), 0);
}

void RunningTopK::shrink(std::size_t row, std::size_t most) {
  std::int32_t border = 0;
  counts_[row] = keep_smallest_keys(keys_of(row), columns_of(row), counts_[row], k_, most, &border);
  bounds_[row] = value_of_key(border);
}

void RunningTopK::add(const float* tile, std::size_t stride, std::size_t columns,
                      std::size_t first_column) {
  if (first_column < next_column_) {
    fail("[top_k] expected tiles in ascending order of columns, found column ", first_column,
         " after column ", next_column_ - 1);
  }
  // Until the buffer has been full once, everything may be among the first k.
  const std::size_t start = std::min(columns, capacity_ - std::min(capacity_, seen_));
  const bool filled = seen_ < capacity_ && seen_ + columns >= capacity_;
  const std::size_t room_for_bisection = k_ + (capacity_ - k_) / 8;
  for (std::size_t r = 0; r < rows_; ++r) {
    const float* row = tile + r * stride;
    if (start > 0) {
      start_keys(row, start, sign_, first_column, keys_of(r) + counts_[r],
                 columns_of(r) + counts_[r]);
      counts_[r] += start;
    }
    if (filled) shrink(r, room_for_bisection);
    for (std::size_t i = start; i < columns;) {
      append_keys_below(row, columns, sign_, bounds_[r], first_column, capacity_, i, counts_[r],
                        keys_of(r), columns_of(r));
      if (i < columns) shrink(r, room_for_bisection);
    }
  }
  seen_ += columns;
  next_column_ = first_column + columns;
}

void RunningTopK::finish(float* values, std::uint32_t* columns) {
  if (seen_ < k_) {
    fail("[top_k] expected at least k = ", k_, " values a row, found ", seen_,
         "; lower k or give more rows to search");
  }
  for (std::size_t r = 0; r < rows_; ++r) {
    shrink(r, k_ + k_ / 2);
    sort_pairs(keys_of(r), columns_of(r), counts_[r], pairs_.data());
    for (std::size_t i = 0; i < k_; ++i) {
      values[r * k_ + i] = sign_ * value_of_key(key_of_pair(pairs_[i]));
      if (columns != nullptr) columns[r * k_ + i] = column_of(pairs_[i]);
    }
  }
}

}  // namespace nescio::math
