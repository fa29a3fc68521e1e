#include "expr/tile_reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/row_kernels.h"

namespace nescio::expr {

TileReduction::TileReduction(Over reduction, std::size_t rows, std::size_t wanted)
    : reduction_(reduction), rows_(rows) {
  if (reduction == Over::sum || reduction == Over::logsumexp) {
    top_.resize(rows);
    sum_.resize(rows);
    scratch_.resize(rows);
  } else {
    const auto order =
        reduction == Over::smallest ? math::Order::ascending : math::Order::descending;
    found_ = std::make_unique<math::RunningTopK>(rows, wanted, order);
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
        const double found = scratch_[r];
        if (std::isfinite(found) && std::isfinite(top_[r])) {
          const double top = std::max(top_[r], found);
          sum_[r] = sum_[r] * std::exp(top_[r] - top) + std::exp(found - top);
          top_[r] = top;
        } else if (!(top_[r] >= found)) {  // the first after -inf, +inf, or NaN, which stays
          if (std::isnan(top_[r])) continue;
          top_[r] = found;
          sum_[r] = 1;
        }
      }
      return;
    case Over::smallest:
    case Over::largest: found_->add(tile, columns, columns, first); return;
  }
}

void TileReduction::finish(float* out) {
  if (found_) {
    found_->finish(out, nullptr);
    return;
  }
  for (std::size_t r = 0; r < rows_; ++r) {
    const bool finite = std::isfinite(top_[r]);  // otherwise it is the sum
    out[r] = static_cast<float>(reduction_ == Over::sum ? sum_[r]
                                : finite                ? top_[r] + std::log(sum_[r])
                                                        : top_[r]);
  }
}

}  // namespace nescio::expr
