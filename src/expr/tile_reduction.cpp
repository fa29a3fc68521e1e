#include "expr/tile_reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/row_kernels.h"

namespace nescio {
namespace {

// Entries beyond the wanted ones that are kept, so that rounding cannot push a wanted one out.
constexpr std::size_t spare = 8;

// Below this share of |x|^2 + |row|^2 a distance has lost more than four of its 24 bits.
constexpr float cancels_below = 0.06f;

}  // namespace

TileReduction::TileReduction(Over reduction, std::size_t rows, std::size_t columns,
                             std::size_t wanted)
    : reduction_(reduction),
      rows_(rows),
      wanted_(wanted),
      kept_(std::min(wanted + spare, columns)) {
  if (reduction == Over::sum || reduction == Over::logsumexp) {
    top_.resize(rows);
    sum_.resize(rows);
    scratch_.resize(rows);
  } else {
    const auto order =
        reduction == Over::smallest ? math::Order::ascending : math::Order::descending;
    found_ = std::make_unique<math::RunningTopK>(rows, kept_, order);
    scratch_.resize(rows * kept_);
    found_columns_.resize(rows * kept_);
  }
  reset();
}

void TileReduction::reset() {
  std::ranges::fill(top_, -std::numeric_limits<double>::infinity());
  std::ranges::fill(sum_, 0.0);
  if (found_) found_->reset();
}

void TileReduction::add(const float* tile, std::size_t columns, std::size_t first) {
  switch (reduction_) {
    case Over::sum:
      math::reduce(math::Reduction::sum, tile, columns, rows_, columns, scratch_.data(), 1);
      for (std::size_t r = 0; r < rows_; ++r) sum_[r] += scratch_[r];
      return;
    case Over::logsumexp:
      math::reduce(math::Reduction::logsumexp, tile, columns, rows_, columns, scratch_.data(), 1);
      for (std::size_t r = 0; r < rows_; ++r) {
        const double top = std::max<double>(top_[r], scratch_[r]);
        if (std::isinf(top)) continue;
        sum_[r] = sum_[r] * std::exp(top_[r] - top) + std::exp(scratch_[r] - top);
        top_[r] = top;
      }
      return;
    case Over::smallest:
    case Over::largest: found_->add(tile, columns, columns, first); return;
  }
}

void TileReduction::finish(float* out) {
  if (!found_) {
    for (std::size_t r = 0; r < rows_; ++r) {
      out[r] = static_cast<float>(reduction_ == Over::sum ? sum_[r] : top_[r] + std::log(sum_[r]));
    }
    return;
  }
  found_->finish(scratch_.data(), nullptr);
  for (std::size_t r = 0; r < rows_; ++r) {
    std::copy_n(&scratch_[r * kept_], wanted_, out + r * wanted_);
  }
}

void TileReduction::finish_distances(const CpuValues& x, const CpuValues& table,
                                     const float* row_norms, float* out) {
  found_->finish(scratch_.data(), found_columns_.data());
  for (std::size_t r = 0; r < rows_; ++r) {
    const float* point = x.data + r * x.row_stride;
    float* values = &scratch_[r * kept_];
    double norm = 0;
    for (std::size_t d = 0; d < x.width; ++d) norm += static_cast<double>(point[d]) * point[d];
    for (std::size_t i = 0; i < kept_; ++i) {
      const std::size_t column = found_columns_[r * kept_ + i];
      if (values[i] > cancels_below * (static_cast<float>(norm) + row_norms[column])) continue;
      const float* row = table.data + column * table.row_stride;
      double sum = 0;
      for (std::size_t d = 0; d < x.width; ++d) {
        const double difference = static_cast<double>(point[d]) - row[d];
        sum += difference * difference;
      }
      values[i] = static_cast<float>(sum);
    }
    const auto end = values + kept_;
    if (reduction_ == Over::smallest) {
      std::partial_sort(values, values + wanted_, end);
    } else {
      std::partial_sort(values, values + wanted_, end, std::greater{});
    }
    std::copy_n(values, wanted_, out + r * wanted_);
  }
}

}  // namespace nescio
