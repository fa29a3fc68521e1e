#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "image/augmentations/augmentation.h"
#include "image/test_pictures.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

Image jittered(std::string_view spec, Image image, std::size_t item) {
  Augmentation(spec).apply(image, {image.height, image.width}, 1, 2, item);
  return image;
}

/// The values that a picture of one value takes, in order.
std::vector<int> values(std::string_view spec, std::uint8_t value) {
  std::vector<int> values;
  for (std::size_t i = 0; i < 2000; ++i) {
    values.push_back(jittered(spec, {1, 1, 1, {value}}, i).pixels[0]);
  }
  std::ranges::sort(values);
  return values;
}

TEST(ColourJitter, DrawsFactorsEvenly) {
  const std::vector<int> around = values("colour_jitter(brightness=0.4)", 100);  // 60 to 140
  EXPECT_GE(around.front(), 59);
  EXPECT_LE(around.back(), 140);
  for (const std::size_t q : {1u, 2u, 3u}) {
    EXPECT_NEAR(around[500 * q], 60 + 20 * static_cast<int>(q), 3);
  }
  const std::vector<int> wide = values("colour_jitter(brightness=2)", 50);  // factors 0 to 3
  EXPECT_LE(wide.front(), 1);
  EXPECT_NEAR(wide[1000], 75, 6);
  EXPECT_NEAR(wide.back(), 150, 2);
}

TEST(ColourJitter, ThatChangesNothingIsRefused) {
  EXPECT_THAT(io::error_of([] { Augmentation("flip,colour_jitter"); }),
              testing::HasSubstr("[colour_jitter] changes nothing"));
}

TEST(ColourJitter, ChangesWhatIsAskedOnly) {
  const Image image = pattern(9, 9, 3);
  // A grey picture has a mean and no colour.
  EXPECT_EQ(values("colour_jitter(contrast=1,saturation=1,hue=0.5)", 80).front(), 80);
  EXPECT_EQ(values("colour_jitter(contrast=1,saturation=1,hue=0.5)", 80).back(), 80);
  for (const char* spec : {"contrast=0.5", "saturation=0.5", "hue=0.2"}) {
    const std::string whole = "colour_jitter(" + std::string(spec) + ")";
    EXPECT_NE(jittered(whole, image, 0).pixels, image.pixels) << spec;
    EXPECT_NE(jittered(whole, image, 0).pixels, jittered(whole, image, 1).pixels) << spec;
  }
}

TEST(ColourJitter, TurnsHuesEvenly) {
  // Pure red: blue is more than green after a turn to the left.
  int left = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const Image out = jittered("colour_jitter(hue=0.1)", {1, 1, 3, {255, 0, 0}}, i);
    EXPECT_EQ(out.pixels[0], 255);
    EXPECT_LE(std::max(out.pixels[1], out.pixels[2]), 154);  // 0.6 of 255
    left += out.pixels[2] > out.pixels[1];
  }
  EXPECT_NEAR(left, 500, 80);
}

}  // namespace
}  // namespace nescio::image
