#include "math/search_bounds.h"

#include <gtest/gtest.h>

#include "math/every_target.h"

namespace nescio::math {
namespace {

constexpr std::size_t width = 256;

/// About the means of classes; 0 of these: about the origin.
DistanceTable random_table(std::size_t rows, std::size_t classes) {
  auto mean = normal(1), draw = normal(2, 0.5f);
  std::vector<float> means(classes * width), values(rows * width);
  for (float& v : means) v = mean();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = draw();
    if (classes > 0) values[i] += means[i / width % classes * width + i % width];
  }
  return {Array({rows, width}, std::move(values)), rows, width};
}

TEST(SearchBounds, TakeDirectionsWhereTheseTellRowsApart) {
  static const ByteKernel kernel = {"of half the cost", 0.5, 127, byte_kernels().back().multiply};
  const DistanceTable classes = random_table(10000, 60);
  const SearchBounds of_classes = bounds_that_pay(classes, 10, 256, kernel);
  ASSERT_EQ(of_classes.levels.size(), 2U);
  EXPECT_LT(of_classes.levels[0].width(), width);
  EXPECT_EQ(of_classes.levels[1].width(), width);
  ASSERT_TRUE(of_classes.scout);
  EXPECT_LT(of_classes.scout->width(), of_classes.levels[0].width());
  const DistanceTable one = random_table(10000, 0);
  const SearchBounds of_one = bounds_that_pay(one, 10, 256, kernel);
  EXPECT_EQ(of_one.levels.size(), 1U);
  EXPECT_FALSE(of_one.scout);
}

// Where many points are multiplied with all bytes faster than with what directions leave, one alone still has to read them.
TEST(SearchBounds, TakeDirectionsForPointsThatComeAlone) {
  static const ByteKernel kernel = {"of a tenth of the cost", 0.1, 255,
                                    byte_kernels().back().multiply};
  const DistanceTable classes = random_table(10000, 60);
  EXPECT_TRUE(bounds_that_pay(classes, 10, 1, kernel).scout);
  EXPECT_FALSE(bounds_that_pay(classes, 10, 256, kernel).scout);
}

TEST(SearchBounds, AreNoneOfSmallTables) {
  const DistanceTable small = random_table(1000, 20);
  const SearchBounds none = bounds_that_pay(small, 10, 256);
  EXPECT_TRUE(none.levels.empty());
  EXPECT_FALSE(none.scout);
}

TEST(SearchBounds, AreNoneWhereBytesAreMultipliedSlowly) {
  const SearchBounds none =
      bounds_that_pay(random_table(10000, 60), 10, 256, byte_kernels().back());
  EXPECT_TRUE(none.levels.empty());
}

}  // namespace
}  // namespace nescio::math
