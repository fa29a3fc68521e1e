// For tests: runs the same checks on every instruction set that this machine has.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace nescio::math {

/// A test with the parameter TargetParam() sees the kernels dispatch to that instruction set only.
class EveryTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }
};

/// Those that the kernels were compiled for; what they leave out falls back to scalar code.
inline std::vector<std::int64_t> targets_here() { return hwy::SupportedAndGeneratedTargets(); }

inline std::string target_name(const testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}

/// rows x width numbers at a distance of `stride`; what lies between is NaN, so that reading it
/// shows, and nothing lies behind the last row, so that the address sanitizer sees reads beyond it.
struct Rows {
  std::size_t rows, width, stride;
  std::vector<float> values;

  template <class Draw>
  Rows(std::size_t rows_, std::size_t width_, std::size_t stride_, Draw draw)
      : rows(rows_), width(width_), stride(stride_) {
    if (rows == 0) return;
    values.assign((rows - 1) * stride + width, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < width; ++c) values[r * stride + c] = draw();
    }
  }
  const float* data() const { return values.data(); }
  const float* row(std::size_t r) const { return values.data() + r * stride; }
};

/// Draws from a normal distribution.
inline auto normal(std::uint32_t seed, float deviation = 1) {
  return [random = std::mt19937(seed),
          of = std::normal_distribution<float>(0, deviation)]() mutable { return of(random); };
}

/// Small whole numbers: many ties.
inline auto whole(std::uint32_t seed, int largest) {
  return [random = std::mt19937(seed),
          of = std::uniform_int_distribution<int>(-largest, largest)]() mutable {
    return static_cast<float>(of(random));
  };
}

/// Widths around the lengths of vectors, odd ones and long ones.
inline std::vector<std::size_t> widths() {
  std::vector<std::size_t> all;
  for (std::size_t w = 1; w <= 40; ++w) all.push_back(w);
  for (const std::size_t w : {63u, 64u, 65u, 100u, 127u, 1000u}) all.push_back(w);
  return all;
}

}  // namespace nescio::math
