#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

Array run(const TestBackbone& network, const std::vector<float>& images, const std::string& spec) {
  Pass pass(network, images);
  return make_probes({spec})[0].probe->run(pass);
}

TEST(McDropoutProbe, IsTheMeanOfTheProbabilitiesOfItsPasses) {
  constexpr std::size_t rows = 4, passes = 5;
  const TestBackbone network;
  const std::vector<float> images = test_pictures(rows, 6);
  const Array mean = run(network, images, "mc_dropout(passes=5)");
  ASSERT_EQ(mean.shape(), (Shape{rows, 3}));
  ASSERT_EQ(network.dropping_keys.size(), rows * passes);
  const Array variance = run(network, images, "mc_dropout(passes=5,keep=variance)");
  ASSERT_EQ(variance.shape(), (Shape{rows, 1}));
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<double> sum(3), squares(3);
    for (std::size_t t = 0; t < passes; ++t) {
      std::vector<double> f = test_features(test_picture(images, r));
      Rng rng(network.dropping_keys[t * rows + r]);
      for (double& v : f) v *= rng.uniform() < 0.5 ? 0 : 2;
      const std::vector<double> log_p = log_softmax(test_logits(f));
      for (std::size_t c = 0; c < 3; ++c) {
        sum[c] += std::exp(log_p[c]) / passes;
        squares[c] += std::exp(2 * log_p[c]) / passes;
      }
    }
    double spread = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(mean.as<float>()[r * 3 + c], std::log(sum[c]), 1e-5) << r;
      spread += (squares[c] - sum[c] * sum[c]) / 3;
    }
    EXPECT_GT(spread, 1e-4);
    EXPECT_NEAR(variance.as<float>()[r], spread, 1e-6) << r;
  }
}

TEST(McDropoutProbe, DropsOtherValuesInEveryPassAndPicture) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(3, 6);
  run(network, images, "mc_dropout(passes=4)");
  run(network, images, "mc_dropout(passes=4,seed=1)");
  const std::set<std::uint64_t> distinct(network.dropping_keys.begin(),
                                         network.dropping_keys.end());
  EXPECT_EQ(distinct.size(), 24u);
}

TEST(McDropoutProbe, DependsOnThePictureAlone) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(4, 6);
  const Array all = run(network, images, "mc_dropout");
  std::vector<float> backwards;
  for (std::size_t r = 4; r-- > 0;) {
    backwards.insert(backwards.end(), &images[r * 12], &images[r * 12] + 12);
  }
  const Array turned = run(network, backwards, "mc_dropout");
  const Array alone = run(network, {&images[24], &images[24] + 12}, "mc_dropout");
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(turned.as<float>()[(3 - r) * 3 + c], all.as<float>()[r * 3 + c]);
    }
  }
  EXPECT_TRUE(std::ranges::equal(alone.as<float>(), all.slice(2, 1).as<float>()));
}

TEST(McDropoutProbe, SharesItsPasses) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(2, 6);
  Pass pass(network, images);
  for (const char* spec : {"mc_dropout(passes=7)", "mc_dropout(passes=7,keep=variance)"}) {
    make_probes({spec})[0].probe->run(pass);
  }
  EXPECT_EQ(network.forward_passes, 7);
}

TEST(McDropoutProbe, KeepsProbabilitiesThatFloatsDoNot) {
  const TestBackbone network;
  std::vector<float> images(12, 20.0f);
  const Array found = run(network, images, "mc_dropout(passes=1)");
  EXPECT_LT(std::ranges::min(found.as<float>()), -100);
  for (const float v : found.as<float>()) EXPECT_TRUE(std::isfinite(v));
}

}  // namespace
}  // namespace nescio::extract
