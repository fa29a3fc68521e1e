#include <gtest/gtest.h>

#include "image/augmentations/augmentation.h"
#include "image/resize.h"
#include "image/test_pictures.h"

namespace nescio::image {
namespace {

Image cropped(std::string_view spec, Image image, Size network, std::size_t item = 0) {
  Augmentation(spec).apply(image, network, 1, 2, item);
  EXPECT_EQ(image.height, network.height);
  EXPECT_EQ(image.width, network.width);
  return image;
}

TEST(RandomResizedCrop, ResizesTheWholeWhereNothingElseIsAllowed) {
  const Image square = pattern(40, 40, 3);
  for (const char* filter : {"bilinear", "bicubic"}) {
    const std::string spec =
        "random_resized_crop(scale_min=1,ratio_min=1,ratio_max=1,filter=" + std::string(filter) +
        ")";
    EXPECT_EQ(cropped(spec, square, {12, 9}).pixels,
              resize(square, 12, 9, find_filter(filter)).pixels);
  }
}

TEST(RandomResizedCrop, TakesTheCentreOfLongPictures) {
  const char* spec = "random_resized_crop(scale_min=1,ratio_min=0.5,ratio_max=1.5)";
  const Image wide = pattern(10, 90, 1);
  const Image tall = pattern(90, 10, 1);
  const auto part = [](const Image& image, const Cut& cut) {
    return resize(image, image.height, image.width, bilinear, cut);  // 1 : 1 copies
  };
  EXPECT_EQ(cropped(spec, wide, {10, 15}).pixels, part(wide, {0, 37, 10, 15}).pixels);
  EXPECT_EQ(cropped(spec, tall, {20, 10}).pixels, part(tall, {35, 0, 20, 10}).pixels);
}

TEST(RandomResizedCrop, IsAPartOfThePicture) {
  // Values rise to the right by 1 a pixel: a part of width w, made 8 wide, by w / 8.
  Image image{64, 64, 1, {}};
  for (std::size_t i = 0; i < 64 * 64; ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(i % 64));
  }
  const char* spec = "random_resized_crop(scale_min=0.25,scale_max=0.25,ratio_min=1,ratio_max=1)";
  std::array<int, 33> at{};
  for (std::size_t i = 0; i < 3300; ++i) {
    const Image out = cropped(spec, image, {8, 8}, i);
    EXPECT_NEAR(out.pixels[6] - out.pixels[1], 20, 1);
    ++at[static_cast<std::size_t>(out.pixels[4] - 18)];  // left + 17.5, rounded up
  }
  for (const int count : at) EXPECT_NEAR(count, 100, 50);
}

TEST(RandomResizedCrop, TakesWholePicturesIfItComesFirst) {
  EXPECT_TRUE(Augmentation("random_resized_crop,flip").takes_whole_pictures());
  EXPECT_FALSE(Augmentation("flip,random_resized_crop").takes_whole_pictures());
  EXPECT_FALSE(Augmentation("none").takes_whole_pictures());
}

TEST(RandomResizedCrop, TakesPicturesOfOnePixel) {
  const Image dot{1, 1, 3, {1, 2, 3}};
  EXPECT_EQ(cropped("random_resized_crop", dot, {1, 1}).pixels, dot.pixels);
}

}  // namespace
}  // namespace nescio::image
