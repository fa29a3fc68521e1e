#include "cli/mixing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/rng.h"

namespace nescio::cli {
namespace {

constexpr std::size_t classes = 3;

/// Pictures of 2 x 2 pixels, each of one colour.
class Colours final : public image::Dataset {
 public:
  Colours(std::size_t count, std::uint64_t seed) : count_(count), seed_(seed) {}
  std::size_t size() const override { return count_; }
  std::string hash() const override { return {}; }
  image::Sample load(std::size_t i) const override {
    Rng rng(seed_, i);
    image::Sample out;
    out.image = image::Image{2, 2, 3, {}};
    for (int p = 0; p < 12; ++p) {
      out.image.pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
    }
    return out;
  }

 private:
  std::size_t count_;
  std::uint64_t seed_;
};

/// logits = scale * (the first pixels), squared if the network is not linear.
class Toy final : public runtime::Backbone {
 public:
  explicit Toy(bool linear) : linear_(linear) { preprocessing_.height = preprocessing_.width = 2; }
  std::size_t classes() const override { return cli::classes; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::string device() const override { return "cpu"; }
  std::size_t feature_width() const override { return 1; }
  std::optional<Head> head() const override { return std::nullopt; }
  const Notices& notices() const override { return notices_; }
  const image::Preprocessing& preprocessing() const override { return preprocessing_; }
  nlohmann::json identity() const override { return {}; }

 private:
  runtime::BackboneOutputs run(std::span<const float> images,
                               const std::vector<std::string>&) const override {
    const std::size_t rows = images.size() / 12;
    std::vector<float> logits;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cli::classes; ++c) {
        const float v = 4 * images[r * 12 + 4 * c];
        logits.push_back(linear_ ? v : v * v);
      }
    }
    return {Array({rows, cli::classes}, logits), Array({rows, 1}, std::vector<float>(rows)), {}};
  }

  bool linear_;
  std::vector<std::string> names_;
  Notices notices_;
  image::Preprocessing preprocessing_;
};

double confidence(const std::array<double, classes>& z) {
  double sum = 0;
  for (const double value : z) sum += std::exp(value);
  double largest = 0;
  for (const double value : z) largest = std::max(largest, std::exp(value) / sum);
  return largest;
}

TEST(Mixing, HasNoGapForALinearNetwork) {
  const report::Mixing mixing =
      measure_mixing(Toy(true), Colours(100, 1), Colours(90, 2), 80, 5, "near");
  EXPECT_EQ(mixing.pairs, 80U);
  ASSERT_EQ(mixing.path.size(), 11U);
  for (const report::MixingPoint& point : mixing.path) {
    EXPECT_NEAR(point.gap, 0, 1e-6);
    EXPECT_NEAR(point.of_pictures, point.of_logits, 1e-6);
    EXPECT_NEAR(point.target, point.lambda + (1 - point.lambda) / classes, 1e-15);
  }
}

TEST(Mixing, FollowsItsDefinition) {
  const Colours id(1, 3), outlier(1, 4);
  const report::Mixing mixing = measure_mixing(Toy(false), id, outlier, 10, 0, "far");
  EXPECT_EQ(mixing.pairs, 1U);
  const auto pixel = [](const Colours& of, std::size_t c) {
    return 4 * of.load(0).image.pixels[c] / 255.0;  // of the first pixel, channel c
  };
  for (const report::MixingPoint& point : mixing.path) {
    std::array<double, classes> pictures{}, logits{};
    double gap = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const double x = pixel(id, c), o = pixel(outlier, c), l = point.lambda;
      pictures[c] = std::pow(l * x + (1 - l) * o, 2);
      logits[c] = l * x * x + (1 - l) * o * o;
      gap += std::abs(pictures[c] - logits[c]) / classes;
    }
    EXPECT_NEAR(point.of_pictures, confidence(pictures), 1e-5);
    EXPECT_NEAR(point.of_logits, confidence(logits), 1e-5);
    EXPECT_NEAR(point.gap, gap, 1e-5);
  }
  std::set<std::string> names;
  for (const report::LogitGroup& group : mixing.groups) names.insert(group.name);
  EXPECT_THAT(names, testing::ElementsAre("far", "id", "logits", "pictures"));
  EXPECT_NEAR(mixing.groups[3].confidence[0], mixing.path[5].of_logits, 1e-12);
}

// Three classes in the plane keep what they say about distances: all but the third axis.
TEST(Mixing, ThePlaneHoldsTheLargestVariances) {
  const report::Mixing mixing =
      measure_mixing(Toy(false), Colours(200, 1), Colours(200, 2), 200, 1, "near");
  EXPECT_GE(mixing.explained[0], mixing.explained[1]);
  EXPECT_GT(mixing.explained[0] + mixing.explained[1], 2.0 / 3);
  double sums[2] = {}, squares[2] = {}, product = 0;
  for (const report::LogitGroup& group : mixing.groups) {
    for (const auto& point : group.plane) {
      for (const std::size_t axis : {0U, 1U}) {
        sums[axis] += point[axis];
        squares[axis] += point[axis] * point[axis];
      }
      product += point[0] * point[1];
    }
  }
  EXPECT_NEAR(sums[0], 0, 1e-8);
  EXPECT_NEAR(product / squares[0], 0, 1e-8);
  EXPECT_NEAR(squares[1] / squares[0], mixing.explained[1] / mixing.explained[0], 1e-10);
}

TEST(Mixing, IsAFunctionOfTheSeed) {
  const auto of = [](std::uint64_t seed) {
    return report::to_json(
        measure_mixing(Toy(false), Colours(50, 1), Colours(50, 2), 20, seed, "near"));
  };
  EXPECT_EQ(of(1), of(1));
  EXPECT_NE(of(1).at("path"), of(2).at("path"));
}

}  // namespace
}  // namespace nescio::cli
