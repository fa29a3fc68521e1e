#include "train/step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

using testing::ElementsAre;

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(i);
  return out;
}

TEST(Part, KeepsPairsTogether) {
  const RowCounts rows{.images = 7, .outliers = 4};
  EXPECT_THAT(Part(rows, 0, 2).of(numbers(7), Rows::images), ElementsAre(0, 1, 4));
  EXPECT_THAT(Part(rows, 1, 2).of(numbers(7), Rows::images), ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(Part(rows, 0, 2).of(numbers(4), Rows::outliers), ElementsAre(0, 1));
  EXPECT_THAT(Part(rows, 1, 2).of(numbers(4), Rows::pairs), ElementsAre(2, 3));
}

TEST(Part, AllPartsAreTheWhole) {
  for (const RowCounts rows :
       {RowCounts{12, 0}, RowCounts{5, 9}, RowCounts{9, 5}, RowCounts{4, 4}, RowCounts{1, 3}}) {
    for (const std::int64_t wanted : {1, 2, 3, 8}) {
      const std::int64_t parts = Part::parts_of(rows, wanted);
      EXPECT_LE(parts, wanted);
      for (const Rows of : {Rows::images, Rows::outliers, Rows::pairs}) {
        std::vector<std::int64_t> found;
        double share = 0;
        for (std::int64_t i = 0; i < parts; ++i) {
          const auto some = Part(rows, i, parts).of(numbers(rows.of(of)), of);
          EXPECT_TRUE(rows.of(of) == 0 || !some.empty());
          found.insert(found.end(), some.begin(), some.end());
          share += Part(rows, i, parts).share(of);
        }
        std::ranges::sort(found);
        EXPECT_EQ(found, numbers(rows.of(of)));
        EXPECT_NEAR(share, rows.of(of) > 0, 1e-12);
      }
    }
  }
}

TEST(Part, CutsWhatGoesWithRows) {
  class Nothing final : public nn::Network {
   public:
    nn::NetworkOutputs forward(const torch::Tensor&) override { return {}; }
  };
  Nothing network;
  TrainingStep whole{
      .network = network,
      .images = torch::arange(4),
      .labels = torch::arange(4),
      .outliers = torch::arange(2),
      .draws = {{"a.one", {torch::tensor(7.0)}}, {"a.each", {torch::arange(2) * 10, Rows::pairs}}}};
  whole.term("said", torch::tensor(1.0));
  const TrainingStep first = Part({4, 2}, 0, 2).of(whole), second = Part({4, 2}, 1, 2).of(whole);
  EXPECT_TRUE(second.images.equal(torch::tensor({1, 3})));
  EXPECT_TRUE(second.outliers.equal(torch::tensor({1})));
  EXPECT_TRUE(second.drawn("a", "each").equal(torch::tensor({10})));
  EXPECT_EQ(second.drawn("a", "one").item<double>(), 7);
  EXPECT_EQ(second.pair_share, 0.5);
  EXPECT_EQ(first.terms.size(), 1u);
  ASSERT_EQ(second.terms.size(), 1u);
  EXPECT_EQ(second.terms[0].first, "said");
  EXPECT_EQ(second.terms[0].second.item<double>(), 0);
  EXPECT_THROW(second.drawn("a", "two"), Error);
}

TEST(TrainingStep, WeighsPicturesInTheirCrossEntropy) {
  Mirror network;
  TrainingStep step = test_step(network);
  const std::vector<std::vector<double>> z = {{2, -1, 0.5}, {0.1, 0.3, -0.2}};
  const auto of = [&](std::size_t b, const std::vector<double>& q) {
    return plain_cross_entropy({q}, {z[b]});
  };
  step.weights = torch::tensor({0.5, 3.0}, torch::kFloat64);
  const double expected = (0.5 * of(0, {1, 0, 0}) + 3 * of(1, {0, 0, 1})) / 2;
  EXPECT_NEAR(step.cross_entropy(step.images).item<double>(), expected, 1e-12);
  const double smoothed = (0.5 * of(0, {0.8, 0.1, 0.1}) + 3 * of(1, {0.1, 0.1, 0.8})) / 2;
  EXPECT_NEAR(step.cross_entropy(step.images, 0.3).item<double>(), smoothed, 1e-12);
  // A part has its own pictures' weights.
  const Part second({2, 2}, 1, 2);
  EXPECT_NEAR(second.of(step).cross_entropy(step.images.slice(0, 1, 2)).item<double>(),
              3 * of(1, {0, 0, 1}) / 2, 1e-12);
}

}  // namespace
}  // namespace nescio::train
