#include "math/distance_table.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/threads.h"
#include "math/gemm.h"
#include "math/row_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance_table.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

/// |a - b|^2, every operation in double.
double squared_difference(const float* a, const float* b, std::size_t count) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const std::size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const auto add = [&](auto& sum, std::size_t i) HWY_ATTR {
    const auto difference =
        hn::Sub(hn::PromoteTo(d, hn::LoadU(half, a + i)), hn::PromoteTo(d, hn::LoadU(half, b + i)));
    sum = hn::MulAdd(difference, difference, sum);
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    add(s0, i);
    add(s1, i + lanes);
    add(s2, i + 2 * lanes);
    add(s3, i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) add(s0, i);
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < count; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

/// y[j] = norms[row] - 2 x row of the rows whose numbers are given, four at a time.
void relative_to_rows(const float* x, const float* table, std::size_t width, const float* norms,
                      const std::int32_t* rows, std::size_t count, float* y) {
  const Floats d;
  constexpr std::size_t group = 4;
  for (std::size_t j = 0; j < count; j += group) {
    const float* row[group];
    FloatVector even[group], odd[group];
    for (std::size_t g = 0; g < group; ++g) {
      row[g] = table + static_cast<std::size_t>(rows[std::min(j + g, count - 1)]) * width;
      even[g] = odd[g] = hn::Zero(d);
    }
    std::size_t i = 0;
    for (; i + 2 * kLanes <= width; i += 2 * kLanes) {
      const FloatVector a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + i + kLanes);
      for (std::size_t g = 0; g < group; ++g) {
        even[g] = hn::MulAdd(a, hn::LoadU(d, row[g] + i), even[g]);
        odd[g] = hn::MulAdd(b, hn::LoadU(d, row[g] + i + kLanes), odd[g]);
      }
    }
    for (std::size_t g = 0; g < std::min(group, count - j); ++g) {
      float product = hn::GetLane(hn::SumOfLanes(d, hn::Add(even[g], odd[g])));
      for (std::size_t c = i; c < width; ++c) product += x[c] * row[g][c];
      y[j + g] = norms[rows[j + g]] - 2 * product;
    }
  }
}

/// The first column from `at` on whose distance is short against the norms that it was made of, or
/// left the range of floats on the way; `count` if there is none.
std::size_t next_doubtful(const float* y, float x_norm, const float* norms, std::size_t at,
                          std::size_t count) {
  // The error of the product, some 1e-7 of the norms, is 1e-6 of what is accepted.
  constexpr float share = 1.0f / 16;
  constexpr float smallest = 1e-30f;  // squares below it lose digits
  constexpr float largest = std::numeric_limits<float>::max();
  const Floats d;
  const FloatVector x = hn::Set(d, x_norm);
  for (; at + kLanes <= count; at += kLanes) {
    const FloatVector sum = hn::Add(x, hn::LoadU(d, norms + at));
    const FloatVector value = hn::LoadU(d, y + at);
    const auto good = hn::And(
        hn::And(hn::Ge(value, hn::Mul(sum, hn::Set(d, share))), hn::Ge(sum, hn::Set(d, smallest))),
        hn::Le(value, hn::Set(d, largest)));
    if (!hn::AllTrue(d, good)) break;  // the loop below finds it
  }
  for (; at < count; ++at) {
    const float sum = x_norm + norms[at];
    if (!(y[at] >= sum * share && sum >= smallest && y[at] <= largest)) break;
  }
  return at;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(squared_difference);
HWY_EXPORT(relative_to_rows);
HWY_EXPORT(next_doubtful);

/// |x - row|^2 of numbers of two types.
template <class T>
double plain_distance(const float* x, const T* row, std::size_t width) {
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) {
    const double difference = static_cast<double>(x[c]) - static_cast<double>(row[c]);
    sum += difference * difference;
  }
  return sum;
}

/// Sums of columns and the sum of all squares, by lanes of rows in an order that threads do not
/// change.
template <class T>
std::pair<std::vector<double>, double> column_sums(const T* values, std::size_t rows,
                                                   std::size_t width) {
  constexpr std::size_t lanes = 16;
  std::vector<std::vector<double>> sums(lanes, std::vector<double>(width + 1));
  parallel_for(lanes, [&](std::size_t lane) {
    std::vector<double>& sum = sums[lane];
    for (std::size_t r = lane; r < rows; r += lanes) {
      double squares = 0;
      for (std::size_t c = 0; c < width; ++c) {
        const auto value = static_cast<double>(values[r * width + c]);
        sum[c] += value;
        squares += value * value;
      }
      sum[width] += squares;
    }
  });
  for (std::size_t lane = 1; lane < lanes; ++lane) {
    for (std::size_t c = 0; c <= width; ++c) sums[0][c] += sums[lane][c];
  }
  const double squares = sums[0].back();
  sums[0].pop_back();
  return {std::move(sums[0]), squares};
}

}  // namespace

DistanceTable::DistanceTable(Array values, std::size_t rows, std::size_t width)
    : given_(std::move(values)),
      width_(width),
      // Of a sum of w products: w units in the last place and a few for the steps around it, with
      // 1 % for the rounding of the lengths and of this.
      unit_(1.01 * 0x1p-24 * static_cast<double>(width_ + 16)),
      smallest_(0x1p-125 * static_cast<double>(width_ + 16)),
      mean_(width_),
      norms_(rows),
      lengths_(rows) {
  if (given_.dtype() == DType::float64) {
    prepare<double>();
  } else {
    prepare<float>();
  }
}

template <class T>
void DistanceTable::prepare() {
  const T* values = given_.as<T>().data();
  const auto [sums, squares] = column_sums(values, rows(), width_);
  const auto n = static_cast<double>(rows());
  double of_mean = 0;
  for (const double sum : sums) of_mean += (sum / n) * (sum / n);
  const bool far = of_mean > 0.75 * squares / n && std::isfinite(of_mean);
  if (far) {
    for (std::size_t c = 0; c < width_; ++c) mean_[c] = static_cast<float>(sums[c] / n);
  }
  if (far || dtype_of<T>() == DType::float64) moved_.resize(rows() * width_);
  parallel_for(rows(), [&](std::size_t r) {
    double norm = 0;
    for (std::size_t c = 0; c < width_; ++c) {
      const auto value = static_cast<float>(static_cast<double>(values[r * width_ + c]) - mean_[c]);
      if (!moved_.empty()) moved_[r * width_ + c] = value;
      norm += static_cast<double>(value) * value;
    }
    norms_[r] = static_cast<float>(norm);
    lengths_[r] = static_cast<float>(std::sqrt(norm));
  });
  if constexpr (dtype_of<T>() == DType::float32) {
    about_mean_ = far ? moved_.data() : values;
  } else {
    about_mean_ = moved_.data();
  }
  if (!far) mean_.clear();
}

MatrixView DistanceTable::about_mean(MatrixView x, float* moved) const {
  if (mean_.empty()) return x;
  apply(Binary::subtract, {x.data, x.stride, 1}, {mean_.data(), 0, 1}, moved, x.rows, width_);
  return {moved, x.rows, width_};
}

void DistanceTable::relative_distances(MatrixView x, std::size_t first, std::size_t count,
                                       float* y) const {
  // |row|^2 goes into the result first, so that one product finishes it.
  for (std::size_t r = 0; r < x.rows; ++r) std::copy_n(&norms_[first], count, y + r * count);
  gemm(true, x.rows, count, width_, -2.0f, x.data, x.stride, row_about_mean(first), width_, 1.0f, y,
       count);
}

void DistanceTable::relative_distances(const float* x, std::size_t first, const std::int32_t* rows,
                                       std::size_t count, float* y) const {
  HWY_DYNAMIC_DISPATCH(relative_to_rows)
  (x, row_about_mean(first), width_, &norms_[first], rows, count, y);
}

void DistanceTable::distances(MatrixView x, std::size_t first, std::size_t count, float* scratch,
                              float* y) const {
  float* x_norms = scratch;
  const MatrixView moved = about_mean(x, scratch + x.rows);
  reduce(Reduction::sum_of_squares, moved.data, moved.stride, x.rows, width_, x_norms, 1);
  apply(Binary::add, {x_norms, 1, 0}, {&norms_[first], 0, 1}, y, x.rows, count);
  gemm(true, x.rows, count, width_, -2.0f, moved.data, moved.stride, row_about_mean(first), width_,
       1.0f, y, count);
  for (std::size_t r = 0; r < x.rows; ++r) {
    float* row = y + r * count;
    const auto next = [&](std::size_t at) {
      return HWY_DYNAMIC_DISPATCH(next_doubtful)(row, x_norms[r], &norms_[first], at, count);
    };
    for (std::size_t c = next(0); c < count; c = next(c + 1)) {
      row[c] = static_cast<float>(exact(x.data + r * x.stride, first + c));
    }
  }
}

double DistanceTable::exact(const float* x, std::size_t row) const {
  if (given_.dtype() == DType::float64) {
    return plain_distance(x, given_.as<double>().data() + row * width_, width_);
  }
  return HWY_DYNAMIC_DISPATCH(squared_difference)(
      x, static_cast<const float*>(given_.data()) + row * width_, width_);
}

double DistanceTable::exact_to_mean(const float* x) const {
  double sum = 0;
  for (std::size_t c = 0; c < width_; ++c) {
    const double difference = static_cast<double>(x[c]) - (mean_.empty() ? 0 : mean_[c]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace nescio::math
#endif  // HWY_ONCE
