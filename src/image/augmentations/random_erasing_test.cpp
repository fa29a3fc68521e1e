#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "image/augmentations/augmentation.h"

namespace nescio::image {
namespace {

constexpr std::size_t height = 24, width = 32;

/// What becomes of a picture full of 255.
Image erased(std::string_view spec, std::size_t item) {
  Image image{height, width, 3, std::vector<std::uint8_t>(height * width * 3, 255)};
  Augmentation(spec).apply(image, {height, width}, 1, 2, item);
  return image;
}

TEST(RandomErasing, BlackensOneRectangle) {
  double share = 0;
  for (std::size_t item = 0; item < 500; ++item) {
    const Image image = erased("random_erasing(p=1)", item);
    std::set<std::size_t> rows, columns;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      if (image.pixels[i] == 255) continue;
      EXPECT_EQ(image.pixels[i], 0);
      rows.insert(i / 3 / width);
      columns.insert(i / 3 % width);
    }
    const std::size_t black = rows.size() * columns.size();
    ASSERT_EQ(std::ranges::count(image.pixels, 0), static_cast<long>(3 * black));
    EXPECT_EQ(*rows.rbegin() - *rows.begin(), rows.size() - 1);
    EXPECT_EQ(*columns.rbegin() - *columns.begin(), columns.size() - 1);
    share += static_cast<double>(black) / (height * width) / 500;
  }
  EXPECT_NEAR(share, 0.17, 0.02);
}

TEST(RandomErasing, HappensAsOftenAsAsked) {
  const auto count = [](const char* spec) {
    int count = 0;
    for (std::size_t item = 0; item < 1000; ++item)
      count += erased(spec, item).pixels != erased("none", 0).pixels;
    return count;
  };
  EXPECT_EQ(count("random_erasing(p=0)"), 0);
  EXPECT_NEAR(count("random_erasing(p=0.25)"), 250, 60);
}

TEST(RandomErasing, FillsWithAValueOrNoise) {
  const Image grey = erased("random_erasing(p=1,value=7)", 0);
  EXPECT_EQ(*std::ranges::min_element(grey.pixels), 7);
  const Image noisy = erased("random_erasing(p=1,noise=true,scale_min=0.3)", 0);
  EXPECT_GT(std::set(noisy.pixels.begin(), noisy.pixels.end()).size(), 200u);
}

TEST(RandomErasing, LeavesPicturesThatAreTooSmall) {
  Image line{1, 4, 1, {1, 2, 3, 4}};
  Augmentation("random_erasing(p=1)").apply(line, {1, 4}, 1, 2, 3);
  EXPECT_EQ(line.pixels, (std::vector<std::uint8_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace nescio::image
