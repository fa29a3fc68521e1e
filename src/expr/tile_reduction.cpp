#include "expr/tile_reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/row_kernels.h"

namespace nescio {
namespace {

// Entries around a wanted one that are looked at too: rounding may have put them on the wrong side
// of it.
constexpr std::size_t spare = 8;

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
                                     std::span<const ColumnRange> reads, float* out) {
  found_->finish(scratch_.data(), found_columns_.data());
  for (std::size_t r = 0; r < rows_; ++r) {
    const float* point = x.data + r * x.row_stride;
    float* values = &scratch_[r * kept_];
    const std::uint32_t* columns = &found_columns_[r * kept_];
    std::copy_n(values, wanted_, out + r * wanted_);
    for (const ColumnRange& range : reads) {
      const std::size_t first = range.first - std::min(range.first, spare);
      const std::size_t last = std::min(range.last + spare, kept_);
      exact_.resize(last - first);
      for (std::size_t i = first; i < last; ++i) {
        const float* row = table.data + columns[i] * table.width;
        double sum = 0;
        for (std::size_t d = 0; d < x.width; ++d) {
          const double difference = static_cast<double>(point[d]) - static_cast<double>(row[d]);
          sum += difference * difference;
        }
        exact_[i - first] = sum;
      }
      if (reduction_ == Over::smallest) {
        std::ranges::sort(exact_);
      } else {
        std::ranges::sort(exact_, std::greater{});
      }
      for (std::size_t i = range.first; i < range.last; ++i) {
        out[r * wanted_ + i] = static_cast<float>(exact_[i - first]);
      }
    }
  }
}

}  // namespace nescio
