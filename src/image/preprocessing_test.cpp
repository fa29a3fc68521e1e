#include "image/preprocessing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/resize.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

const Preprocessing small{
    .height = 1, .width = 2, .mean = {0.5, 0.25, 0.0}, .std = {0.5, 0.25, 2.0}};

TEST(Preprocessor, NormalisesIntoPlanes) {
  std::vector<float> out(6);
  Preprocessor(small).apply({1, 2, 3, {255, 0, 51, 0, 255, 102}}, out);
  const std::vector<float> expected = {1, -1, -1, 3, 0.1f, 0.2f};
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_FLOAT_EQ(out[i], expected[i]) << i;
}

TEST(Preprocessor, MakesGreyThreeChannels) {
  std::vector<float> out(6);
  Preprocessor(small).apply({1, 2, 1, {0, 255}}, out);
  const std::vector<float> expected = {-1, 1, -1, 3, 0, 0.5f};
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_FLOAT_EQ(out[i], expected[i]) << i;
  EXPECT_EQ(to_rgb({1, 2, 1, {3, 4}}).pixels, (std::vector<std::uint8_t>{3, 3, 3, 4, 4, 4}));
}

TEST(Preprocessor, TurnsTheChannelsForBgr) {
  Preprocessing bgr{.height = 1, .width = 1, .channels = "bgr"};
  std::vector<float> out(3);
  Preprocessor(bgr).apply({1, 1, 3, {255, 51, 0}}, out);
  EXPECT_FLOAT_EQ(out[0], 0);
  EXPECT_FLOAT_EQ(out[1], 0.2f);
  EXPECT_FLOAT_EQ(out[2], 1);
}

TEST(Preprocessor, ResizesFirst) {
  const Image image{2, 2, 3, {0, 1, 2, 30, 31, 32, 60, 61, 62, 90, 91, 92}};
  const Preprocessing plain{.height = 5, .width = 3};
  const Preprocessor preprocessor(plain);
  std::vector<float> direct(preprocessor.size()), resized(preprocessor.size());
  preprocessor.apply(image, direct);
  preprocessor.apply(resize(image, 5, 3, bilinear), resized);
  EXPECT_EQ(direct, resized);
}

TEST(Preprocessor, CutsTheCentreOfWhatHasTheShortSide) {
  // 3 x 7 pixels of one channel with value 10 y + x; columns 2, 3 and 4 are the middle.
  Image image{3, 7, 1, {}};
  for (std::uint8_t y = 0; y < 3; ++y) {
    for (std::uint8_t x = 0; x < 7; ++x) image.pixels.push_back(std::uint8_t(10 * y + x));
  }
  const Preprocessor preprocessor({.height = 3, .width = 3, .short_side = 3});
  std::vector<float> out(preprocessor.size());
  preprocessor.apply(image, out);
  const std::vector<int> expected = {2, 3, 4, 12, 13, 14, 22, 23, 24};
  for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(std::lround(255 * out[i]), expected[i]) << i;

  const Preprocessor scaled({.height = 4, .width = 2, .short_side = 6});
  std::vector<float> direct(scaled.size()), wanted(scaled.size());
  scaled.apply(image, direct);
  const Image large = resize(image, 6, 14, bilinear);
  Image middle{4, 2, 1, {}};
  for (std::size_t y = 1; y < 5; ++y) {
    for (std::size_t x = 6; x < 8; ++x) middle.pixels.push_back(large.pixels[14 * y + x]);
  }
  Preprocessor({.height = 4, .width = 2}).apply(middle, wanted);
  EXPECT_EQ(direct, wanted);
}

TEST(Preprocessor, RefusesSettingsWithoutSense) {
  EXPECT_NE(error_of([] { Preprocessor(Preprocessing{}); }), "");
  EXPECT_NE(error_of([] { Preprocessor({.height = 1, .width = 1, .resize = "none"}); }), "");
  EXPECT_NE(error_of([] { Preprocessor({.height = 1, .width = 1, .channels = "grb"}); }), "");
  EXPECT_NE(error_of([] { Preprocessor({.height = 1, .width = 1, .std = {1, 0, 1}}); }), "");
}

TEST(Preprocessor, RefusesTwoChannels) {
  std::vector<float> out(6);
  EXPECT_NE(error_of([&] { Preprocessor(small).apply({1, 2, 2, {1, 2, 3, 4}}, out); }), "");
}

TEST(Preprocessing, SaysItselfInJson) {
  EXPECT_EQ(to_json(small).dump(),
            R"({"channels":"rgb","height":1,"mean":[0.5,0.25,0.0],"resize":"bilinear",)"
            R"("short_side":0,"std":[0.5,0.25,2.0],"width":2})");
}

}  // namespace
}  // namespace nescio
