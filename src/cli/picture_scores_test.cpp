#include "cli/picture_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "extract/test_backbone.h"
#include "image/formats/decode.h"
#include "io/test_folder.h"

namespace nescio::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

detectors::FittedDetector energy() {
  detectors::FittedDetector out{.chain = detectors::Chain("energy"), .head = {}, .origin = {}};
  out.classes = extract::TestBackbone::number_of_classes;
  out.feature_width = extract::TestBackbone::values;
  return out;
}

/// A picture of 2 x 2 pixels as PNM.
std::string picture(int seed) {
  std::string out = "P6\n2 2\n255\n";
  for (int v = 0; v < 12; ++v) out += static_cast<char>((seed * 89 + v * 31) % 256);
  return out;
}

TEST(PictureScorer, GivesForOneWhatItGivesForMany) {
  const io::TestFolder folder;
  const extract::TestBackbone network;
  const auto detector = energy();
  const PictureScorer scorer(detector, network);
  for (int i = 0; i < 20; ++i) folder.file(text(char('a' + i), ".ppm"), picture(i));
  std::vector<PictureScore> many;
  scorer.score(*image::open_dataset("files:" + folder.path().string()),
               [&](const PictureScore& p) { many.push_back(p); });
  ASSERT_EQ(many.size(), 20U);
  for (int i = 0; i < 20; ++i) {
    const PictureScore one = scorer.score(io::SharedBytes::copy_of(picture(i)), "it");
    const PictureScore& same = many[static_cast<std::size_t>(i)];
    EXPECT_EQ(one.name, "it");
    EXPECT_EQ(one.predicted, same.predicted);
    EXPECT_NEAR(one.score, same.score, 1e-6);

    // The definition: the negative log-sum-exp of what the network says.
    std::vector<float> pixels(12);
    image::Preprocessor(network.preprocessing())
        .apply(image::decode_image(io::SharedBytes::copy_of(picture(i)), "it"), pixels);
    double sum = 0;
    const runtime::BackboneOutputs said = network.forward(pixels);
    for (const float z : said.logits.as<float>()) sum += std::exp(z);
    EXPECT_NEAR(one.score, -std::log(sum), 1e-5);
  }
}

TEST(PictureScorer, RefusesWhatIsNoPicture) {
  const extract::TestBackbone network;
  auto detector = energy();
  const PictureScorer scorer(detector, network);
  const auto refusal = [&](const std::string& bytes) {
    return io::error_of([&] { scorer.score(io::SharedBytes::copy_of(bytes), "a.jpg"); });
  };
  EXPECT_THAT(refusal(""), StartsWith("a.jpg"));
  EXPECT_THAT(refusal("words"), StartsWith("a.jpg"));
  EXPECT_THAT(refusal(picture(1).substr(0, 15)), StartsWith("a.jpg"));
  detector.arrays["odin"] = 3;
  EXPECT_THAT(io::error_of([&] { PictureScorer(detector, network); }), HasSubstr("probes=odin"));
}

}  // namespace
}  // namespace nescio::cli
