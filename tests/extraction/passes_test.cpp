// What a network that libtorch runs gives to probes beside a whole pass: passes that begin between layers, slopes by
// and of the values there, and passes with dropout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "extract/extract.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/model.h"
#include "nn/test_weights.h"

namespace nescio::extract {
namespace {

constexpr std::size_t few_rows = 3, few_classes = 4;

class Passes : public testing::Test {
 protected:
  Passes() : model_(network()), images_(nn::made_up_numbers(few_rows * 3 * 32 * 32, 5)) {}

  nn::Model network() const {
    io::write_safetensors(folder_ / "weights.safetensors", nn::made_up_resnet20(few_classes, 1));
    return nn::Model::load("resnet20:" + (folder_ / "weights.safetensors").string(), "cpu");
  }
  /// Of f = sum_rc w_rc z_rc.
  static Array slope() {
    return Array({few_rows, few_classes}, nn::made_up_numbers(few_rows * few_classes, 7));
  }
  static double value(const Array& logits) {
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      sum += static_cast<double>(slope().as<float>()[i]) * logits.as<float>()[i];
    }
    return sum;
  }
  /// Whether a slope is that of f: along its own direction, by differences, f grows by its length. A slope of
  /// another direction or length would not.
  template <class F>
  static void expect_slope(const F& f, const Array& at, const Array& slope,
                           const std::string& where) {
    double length = 0;
    for (const float v : slope.as<float>()) length += static_cast<double>(v) * v;
    length = std::sqrt(length);
    ASSERT_GT(length, 1e-3) << where;
    const auto moved = [&](double by) {
      std::vector<float> out;
      for (std::size_t i = 0; i < at.size(); ++i) {
        out.push_back(at.as<float>()[i] + static_cast<float>(by / length) * slope.as<float>()[i]);
      }
      return f(Array(at.shape(), std::move(out)));
    };
    EXPECT_NEAR((moved(0.05) - moved(-0.05)) / 0.1, length, 0.03 * length) << where;
  }

  io::TestFolder folder_;
  nn::Model model_;
  std::vector<float> images_;
};

TEST_F(Passes, GoOnFromAnyPlace) {
  const runtime::BackboneOutputs whole = model_.forward(images_, model_.taps());
  for (std::size_t t = 0; t < model_.taps().size(); ++t) {
    const runtime::BackboneOutputs rest = model_.forward_from(model_.taps()[t], whole.taps[t]);
    for (std::size_t i = 0; i < few_rows * few_classes; ++i) {
      EXPECT_NEAR(rest.logits.as<float>()[i], whole.logits.as<float>()[i], 1e-5) << t;
    }
    EXPECT_EQ(rest.features.shape(), whole.features.shape());
  }
  EXPECT_THAT(io::error_of([&] { model_.forward_from("layer9", whole.taps[0]); }),
              testing::HasSubstr("no tap 'layer9' to begin at"));
}

TEST_F(Passes, GiveSlopesByValuesBetweenLayers) {
  for (const std::string place : {"layer1", "layer3"}) {
    const Array at = model_.forward(images_, {place}).taps[0];
    const auto pass = model_.trace_from(place, at);
    const Array found = pass->gradient(slope());
    ASSERT_EQ(found.shape(), at.shape());
    expect_slope(
        [&](const Array& moved) { return value(model_.forward_from(place, moved).logits); }, at,
        found, place);
  }
}

TEST_F(Passes, GiveSlopesOfValuesBetweenLayers) {
  for (const std::string& place : {std::string("layer2"), runtime::Backbone::pooled("layer2")}) {
    const Array at = model_.forward(images_, {place}).taps[0];
    const Array weights(at.shape(), nn::made_up_numbers(at.size(), 13));
    const auto pass = model_.trace(images_, {place});
    const Array found = pass->gradient(weights, place);
    ASSERT_EQ(found.shape(), (Shape{few_rows, 3, 32, 32}));
    expect_slope(
        [&](const Array& moved) {
          const Array there = model_.forward(moved.as<float>(), {place}).taps[0];
          double sum = 0;
          for (std::size_t i = 0; i < there.size(); ++i) {
            sum += static_cast<double>(weights.as<float>()[i]) * there.as<float>()[i];
          }
          return sum;
        },
        Array({few_rows, 3, 32, 32}, images_), found, place);
    EXPECT_THAT(io::error_of([&] { pass->gradient(weights, "layer1"); }),
                testing::HasSubstr("keeps no way back from 'layer1'"));
  }
}

TEST_F(Passes, DropNothingWhereTheNetworkHasNoDropout) {
  EXPECT_THAT(
      io::error_of([&] { model_.forward_dropping(images_, std::vector<std::uint64_t>(few_rows)); }),
      testing::HasSubstr("this network drops nothing out"));
}

/// Grey 28 x 28 pictures through a network whose second convolution drops half of its channels.
class Dropping : public testing::Test {
 protected:
  Dropping() {
    std::map<std::string, Array> weights;
    const auto add = [&](const char* name, Shape shape, std::uint32_t seed, float scale) {
      std::vector<float> values = nn::made_up_numbers(count_of(shape), seed);
      for (float& v : values) v *= scale;
      weights.emplace(name, Array(std::move(shape), std::move(values)));
    };
    add("conv1.weight", {10, 1, 5, 5}, 1, 0.3f);
    add("conv1.bias", {10}, 2, 0.1f);
    add("conv2.weight", {20, 10, 5, 5}, 3, 0.1f);
    add("conv2.bias", {20}, 4, 0.1f);
    add("fc1.weight", {50, 320}, 5, 0.1f);
    add("fc1.bias", {50}, 6, 0.1f);
    add("fc2.weight", {10, 50}, 7, 1);
    add("fc2.bias", {10}, 8, 1);
    io::write_safetensors(folder_ / "weights.safetensors", weights);
  }
  nn::Model network() const {
    return nn::Model::load("mnist_convnet:" + (folder_ / "weights.safetensors").string(), "cpu");
  }
  io::TestFolder folder_;
};

TEST_F(Dropping, FollowsFromTheKeyOfEachPicture) {
  const nn::Model model = network();
  const std::vector<float> images = nn::made_up_numbers(3 * 28 * 28, 9);
  const Array all = model.forward_dropping(images, std::vector<std::uint64_t>{4, 5, 6});
  const Array again = model.forward_dropping(images, std::vector<std::uint64_t>{4, 5, 6});
  EXPECT_TRUE(std::ranges::equal(all.as<float>(), again.as<float>()));
  const std::span<const float> last = std::span(images).subspan(2 * 28 * 28);
  const Array alone = model.forward_dropping(last, std::vector<std::uint64_t>{6});
  const Array other = model.forward_dropping(last, std::vector<std::uint64_t>{7});
  double apart = 0;
  for (std::size_t c = 0; c < 10; ++c) {
    EXPECT_NEAR(alone.as<float>()[c], all.as<float>()[20 + c], 1e-5);
    apart = std::max<double>(apart, std::abs(other.as<float>()[c] - alone.as<float>()[c]));
  }
  EXPECT_GT(apart, 1e-3);
  // Evaluation stays what it was.
  const Array still = model.forward(images).logits;
  EXPECT_TRUE(std::ranges::equal(still.as<float>(), model.forward(images).logits.as<float>()));
}

}  // namespace
}  // namespace nescio::extract
