#include "image/augmentations/random_cut.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nescio::image {
namespace {

/// Means of top, left, height and width.
std::array<double, 4> means(Size largest, const CutRange& range) {
  constexpr int count = 20000;
  Rng rng(3);
  std::array<double, 4> sums{};
  for (int i = 0; i < count; ++i) {
    const auto cut = random_cut({40, 60}, largest, range, rng);
    EXPECT_TRUE(cut);
    if (!cut) return {};
    EXPECT_LE(cut->top + cut->height, 40u);
    EXPECT_LE(cut->left + cut->width, 60u);
    const std::array<std::size_t, 4> numbers = {cut->top, cut->left, cut->height, cut->width};
    for (std::size_t k = 0; k < 4; ++k) sums[k] += static_cast<double>(numbers[k]) / count;
  }
  return sums;
}

void expect_near(const std::array<double, 4>& found, const std::array<double, 4>& expected) {
  // Standard deviations of one draw are 5 to 13, of the mean at most 0.1.
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(found[k], expected[k], 0.4) << k;
}

// Means of 100,000 and 50,000 draws of torchvision 0.29.2 for a picture of 40 x 60.
TEST(RandomCut, IsDrawnAsTorchvisionDrawsForACrop) {
  expect_near(means({40, 60}, {0.08, 1, 3.0 / 4, 4.0 / 3}), {5.324, 14.688, 29.339, 30.611});
}
TEST(RandomCut, IsDrawnAsTorchvisionDrawsForErasing) {
  expect_near(means({39, 59}, {0.02, 0.33, 1 / 3.3, 1 / 0.3}), {10.175, 19.332, 19.654, 21.191});
}

TEST(RandomCut, KeepsAreaAndShapeWithinTheirIntervals) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const auto cut = random_cut({1000, 1000}, {1000, 1000}, {0.1, 0.2, 0.5, 2}, rng);
    ASSERT_TRUE(cut);
    const auto height = static_cast<double>(cut->height);
    const auto width = static_cast<double>(cut->width);
    EXPECT_NEAR(height * width, 150000, 51000);
    EXPECT_NEAR(std::log(width / height), 0, std::log(2) + 0.01);
  }
}

TEST(RandomCut, GivesUpWhereNothingFits) {
  Rng rng(1);
  EXPECT_FALSE(random_cut({4, 400}, {4, 400}, {1, 1, 1, 1}, rng));
  EXPECT_FALSE(random_cut({4, 4}, {4, 4}, {0.001, 0.001, 1, 1}, rng));
  EXPECT_FALSE(random_cut({1, 9}, {0, 8}, {0.5, 0.5, 1, 1}, rng));
}

}  // namespace
}  // namespace nescio::image
