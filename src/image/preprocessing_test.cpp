#include "image/preprocessing.h"

#include <gtest/gtest.h>

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
            R"("std":[0.5,0.25,2.0],"width":2})");
}

}  // namespace
}  // namespace nescio
