#include "image/augmentations/augmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::HasSubstr;

Image numbered(std::size_t height, std::size_t width, std::size_t channels) {
  Image image{height, width, channels, std::vector<std::uint8_t>(height * width * channels)};
  std::iota(image.pixels.begin(), image.pixels.end(), std::uint8_t{1});
  return image;
}

Size size_of(const Image& image) { return {image.height, image.width}; }

/// As bytes of a text, which std::map compares.
std::string text_of(const std::vector<std::uint8_t>& pixels) {
  return {pixels.begin(), pixels.end()};
}

std::vector<std::uint8_t> changed(std::string_view specs, const Image& image, std::size_t item) {
  Image copy = image;
  Augmentation(specs).apply(copy, size_of(image), 7, 3, item);
  EXPECT_EQ(copy.height, image.height);
  EXPECT_EQ(copy.width, image.width);
  return copy.pixels;
}

/// Every way to lie in the frame that a crop can cut out, pixel by pixel.
std::map<std::string, int> all_crops(const Image& image, long padding) {
  const auto height = static_cast<long>(image.height);
  const auto width = static_cast<long>(image.width);
  const auto channels = static_cast<long>(image.channels);
  std::map<std::string, int> crops;
  for (long top = -padding; top <= padding; ++top) {
    for (long left = -padding; left <= padding; ++left) {
      std::string out;
      for (long y = top; y < top + height; ++y) {
        for (long x = left; x < left + width; ++x) {
          for (long c = 0; c < channels; ++c) {
            const bool inside = y >= 0 && y < height && x >= 0 && x < width;
            out += inside
                       ? static_cast<char>(
                             image.pixels[static_cast<std::size_t>((y * width + x) * channels + c)])
                       : '\0';
          }
        }
      }
      crops[out] = 0;
    }
  }
  return crops;
}

TEST(Augmentation, CropReachesEveryPlaceEquallyOften) {
  const Image image = numbered(3, 4, 3);
  auto crops = all_crops(image, 2);
  ASSERT_EQ(crops.size(), 25u);
  for (std::size_t i = 0; i < 2500; ++i) {
    const auto found = crops.find(text_of(changed("crop(padding=2)", image, i)));
    ASSERT_NE(found, crops.end()) << "no crop of the framed picture";
    ++found->second;
  }
  // 100 expected for each, standard deviation 9.8.
  for (const auto& [pixels, count] : crops) EXPECT_NEAR(count, 100, 50);
}

TEST(Augmentation, CropTakesFramesWiderThanThePicture) {
  const Image image = numbered(2, 2, 1);
  auto crops = all_crops(image, 5);
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_TRUE(crops.contains(text_of(changed("crop(padding=5)", image, i))));
  }
  EXPECT_EQ(changed("crop(padding=0)", image, 1), image.pixels);
}

TEST(Augmentation, FlipExchangesLeftAndRight) {
  const Image image{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(changed("flip(p=1)", image, 0), (std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(changed("flip(p=0)", image, 0), image.pixels);
  const Image colour{1, 2, 3, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(changed("flip(p=1)", colour, 0), (std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3}));
  int flipped = 0;
  for (std::size_t i = 0; i < 1000; ++i) flipped += changed("flip", image, i) != image.pixels;
  EXPECT_NEAR(flipped, 500, 80);
}

TEST(Augmentation, DependsOnSeedEpochAndItemOnly) {
  const Image image = numbered(8, 8, 3);
  const Augmentation augmentation("crop(padding=4), flip");
  const auto at = [&](std::uint64_t seed, std::size_t epoch, std::size_t item) {
    Image copy = image;
    augmentation.apply(copy, size_of(image), seed, epoch, item);
    return copy.pixels;
  };
  EXPECT_EQ(at(1, 2, 3), at(1, 2, 3));
  EXPECT_NE(at(1, 2, 3), at(2, 2, 3));
  EXPECT_NE(at(1, 2, 3), at(1, 3, 3));
  EXPECT_NE(at(1, 2, 3), at(1, 2, 4));
}

TEST(Augmentation, NoneLeavesPicturesAsTheyAre) {
  const Image image = numbered(4, 4, 1);
  EXPECT_EQ(changed("none", image, 5), image.pixels);
  EXPECT_EQ(changed("", image, 5), image.pixels);
}

TEST(Augmentation, RefusesWithTheName) {
  const auto fault = [](const char* specs) { return io::error_of([&] { Augmentation{specs}; }); };
  EXPECT_THAT(fault("flop"), HasSubstr("Did you mean 'flip'?"));
  EXPECT_THAT(fault("crop(pad=4)"), HasSubstr("[crop] unknown parameter 'pad'"));
  EXPECT_THAT(fault("crop(padding=-1)"), HasSubstr("in [0, 4096]"));
  EXPECT_THAT(fault("flip(p=[0,1])"), HasSubstr("a list stands for several"));
  EXPECT_THAT(fault("crop+flip"), HasSubstr("joined with ','"));
  EXPECT_THAT(fault("none,flip"), HasSubstr("'none' stands alone, found 'none,flip'"));
  EXPECT_THAT(fault("flip, none"), HasSubstr("'none' stands alone"));
}

TEST(Augmentation, RefusesRangesThatAreReversed) {
  const auto fault = [](const char* specs) { return io::error_of([&] { Augmentation{specs}; }); };
  EXPECT_EQ(fault("random_resized_crop(scale_min=0.5,scale_max=0.5)"), "");
  EXPECT_THAT(
      fault("random_resized_crop(scale_min=0.9,scale_max=0.2)"),
      HasSubstr("[random_resized_crop] scale_min: expected at most scale_max=0.2, found 0.9"));
  EXPECT_THAT(fault("random_resized_crop(ratio_min=2)"), HasSubstr("at most ratio_max="));
  EXPECT_THAT(fault("random_erasing(scale_max=0.01)"), HasSubstr("at most scale_max=0.01"));
  EXPECT_THAT(fault("random_erasing(ratio_max=0.1)"), HasSubstr("at most ratio_max=0.1"));
  EXPECT_THAT(fault("random_erasing(noise=true,value=3)"),
              HasSubstr("value=3 does nothing here: it counts only with noise=false"));
  EXPECT_THAT(fault("rand_augment(m=31)"), HasSubstr("m: expected less than bins=31, found 31"));
}

}  // namespace
}  // namespace nescio::image
