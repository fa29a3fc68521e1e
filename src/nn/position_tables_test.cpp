#include "nn/position_tables.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nescio::nn {
namespace {

TEST(PositionTables, IndexRelativePositionsAsBeitDoes) {
  EXPECT_EQ(relative_rows(2), 12);
  EXPECT_EQ(relative_rows(14), 732);
  EXPECT_EQ(relative_rows(24), 2212);
  const torch::Tensor index = relative_index(2);
  const auto at = [&](int i, int j) { return index[i][j].item<std::int64_t>(); };
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(at(0, i), 9);
    EXPECT_EQ(at(i, 0), 10);
    for (int j = 1; j <= 4; ++j) EXPECT_EQ(at(i, j) + at(j, i), 8);
  }
  EXPECT_EQ(at(0, 0), 11);
  EXPECT_EQ(at(1, 4), 0);  // one row up and one column to the left of it
  EXPECT_EQ(at(2, 1), 5);
}

TEST(PositionTables, SinesTellColumnsThenRows) {
  const torch::Tensor table = sine_positions(3, 8);
  const auto at = [&](int patch, int i) { return table[patch][i].item<double>(); };
  const int patch = 2 * 3 + 1;  // row 2, column 1
  for (int i = 0; i < 2; ++i) {
    const double w = std::pow(10000, -i / 2.0);
    EXPECT_NEAR(at(patch, i), std::sin(w), 1e-6);
    EXPECT_NEAR(at(patch, 2 + i), std::cos(w), 1e-6);
    EXPECT_NEAR(at(patch, 4 + i), std::sin(2 * w), 1e-6);
    EXPECT_NEAR(at(patch, 6 + i), std::cos(2 * w), 1e-6);
  }
}

TEST(PositionTables, StayWhereTheGridIsTheSame) {
  const torch::Tensor table = torch::randn({1 + 9, 4});
  EXPECT_TRUE(resized_positions(table, 1, 3).equal(table));
  const torch::Tensor relative = torch::randn({relative_rows(3), 2});
  EXPECT_TRUE(resized_relative(relative, 3).equal(relative));
}

TEST(PositionTables, KeepWhatIsTheSameEverywhere) {
  EXPECT_TRUE(resized_positions(torch::ones({9, 4}), 0, 5).allclose(torch::ones({25, 4})));
  torch::Tensor table = torch::ones({relative_rows(4), 2});
  table[-1][0] = 7;
  const torch::Tensor wide = resized_relative(table, 6);
  EXPECT_EQ(wide.size(0), relative_rows(6));
  EXPECT_TRUE(wide.slice(0, 0, -3).allclose(torch::ones({relative_rows(6) - 3, 2})));
  EXPECT_EQ(wide[-1][0].item<float>(), 7);
  // The distance 0 is a knot of both grids.
  const torch::Tensor some = torch::randn({relative_rows(4), 1});
  EXPECT_NEAR(resized_relative(some, 6)[5 * 11 + 5][0].item<float>(),
              some[3 * 7 + 3][0].item<float>(), 1e-5);
}

}  // namespace
}  // namespace nescio::nn
