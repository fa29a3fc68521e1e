#include <gtest/gtest.h>

#include <map>

#include "image/augmentations/augmentation.h"
#include "image/test_pictures.h"

namespace nescio::image {
namespace {

Image changed_image(std::string_view specs, std::size_t item) {
  Image image = pattern(31, 20, 3);
  Augmentation(specs).apply(image, {31, 20}, 1, 0, item);
  return image;
}

/// Draws of one change each by what they made of pattern(31, 20, 3).
std::map<std::string, int> draws(std::string_view specs, std::size_t count) {
  std::map<std::string, int> draws;
  for (std::size_t i = 0; i < count; ++i) ++draws[digest(changed_image(specs, i))];
  return draws;
}

/// What torchvision's table and Pillow make of the picture, and how often in 28 draws.
using Table = std::map<std::string, int>;

void expect_draws(std::string_view specs, const Table& table) {
  constexpr int each = 100;
  const auto drawn = draws(specs, 28 * each);
  EXPECT_EQ(drawn.size(), table.size());
  for (const auto& [digest, count] : drawn) {
    ASSERT_TRUE(table.contains(digest)) << "not among those of torchvision: " << digest;
    EXPECT_NEAR(count, each * table.at(digest), 60) << digest;  // standard deviation 10 to 14
  }
}

// testdata/print_changed.py, torchvision 0.29.2, Pillow 13.0
TEST(RandAugment, DrawsFromTorchvisionsTable) {
  expect_draws("rand_augment(n=1)", {
                                        {"dfe60ad76f3087ac", 2},  // Identity 0
                                        {"f2d0b119d6059c9a", 1},  // ShearX 0.09
                                        {"30c64e1f3fae27ea", 1},  // ShearX -0.09
                                        {"9e900e77a55c061d", 1},  // ShearY 0.09
                                        {"ca9c6ce280766698", 1},  // ShearY -0.09
                                        {"cabd4e9707e2674e", 1},  // TranslateX 2.719
                                        {"a162cd4a4bdb988c", 1},  // TranslateX -2.719
                                        {"44dbc920a05f99cd", 1},  // TranslateY 4.215
                                        {"a820fd522251c37e", 1},  // TranslateY -4.215
                                        {"14095cc11c453b7c", 1},  // Rotate 9
                                        {"4e8aca47f7aff7aa", 1},  // Rotate -9
                                        {"3f8bf831e5349625", 1},  // Brightness 0.27
                                        {"f4d1ed3fce13b615", 1},  // Brightness -0.27
                                        {"cde9c9c3f8f0c866", 1},  // Color 0.27
                                        {"cdd5dc4237086f21", 1},  // Color -0.27
                                        {"aac7fa249ce8b32a", 1},  // Contrast 0.27
                                        {"849ca550161b5b56", 1},  // Contrast -0.27
                                        {"0cbac5f633f2d40c", 1},  // Sharpness 0.27
                                        {"c8a474212edc9319", 1},  // Sharpness -0.27
                                        {"dd7bd9f5fdf81edd", 2},  // Posterize 7
                                        {"a603bfc05f293e9a", 2},  // Solarize 178.5
                                        {"f6d00124096666dd", 2},  // AutoContrast 0
                                        {"7e9ed14bd2dadfd1", 2},  // Equalize 0
                                    });
}

// At this strength some values depend on the last bits of the factor.
TEST(RandAugment, RoundsStrengthsAsTorchvision) {
  expect_draws("rand_augment(n=1,m=20)", {
                                             {"dfe60ad76f3087ac", 2},  // Identity 0
                                             {"df59530261c444e4", 1},  // ShearX 0.2
                                             {"795a5f8f7411de2b", 1},  // ShearX -0.2
                                             {"20bd775fbc23e226", 1},  // ShearY 0.2
                                             {"cf94126a5de1f695", 1},  // ShearY -0.2
                                             {"083b1baf0299f54b", 1},  // TranslateX 6.042
                                             {"0f9149a4e6d448ad", 1},  // TranslateX -6.042
                                             {"6b9bd1b0ba0d8597", 1},  // TranslateY 9.366
                                             {"2b78d1ef7cdd9ae2", 1},  // TranslateY -9.366
                                             {"eaa0f384fbfc31ef", 1},  // Rotate 20
                                             {"5908f01a036a4dbe", 1},  // Rotate -20
                                             {"1f564a998c942af8", 1},  // Brightness 0.6
                                             {"eeff9e97ea68fef7", 1},  // Brightness -0.6
                                             {"bc400ae1e34096e4", 1},  // Color 0.6
                                             {"8a6fedb214dfea92", 1},  // Color -0.6
                                             {"d391f9f6b1c3b5c4", 1},  // Contrast 0.6
                                             {"5d4bc1f1f8a2cda2", 1},  // Contrast -0.6
                                             {"5bcb41cf938e14f1", 1},  // Sharpness 0.6
                                             {"f3e76aaf4ddccf96", 1},  // Sharpness -0.6
                                             {"314b50e6b9eedf1b", 2},  // Posterize 5
                                             {"21ee102d93c392ec", 2},  // Solarize 85
                                             {"f6d00124096666dd", 2},  // AutoContrast 0
                                             {"7e9ed14bd2dadfd1", 2},  // Equalize 0
                                         });
}

TEST(RandAugment, HasItsFullStrengthInTheLastBin) {
  const Table strongest = {
      {"dfe60ad76f3087ac", 2},  // Identity 0
      {"5b2f29320ece3962", 1},  // ShearX 0.3
      {"9210e5e9322b89b1", 1},  // ShearX -0.3
      {"53e755377284baa6", 1},  // ShearY 0.3
      {"cb9371e02b74d66a", 1},  // ShearY -0.3
      {"6e475c828eeb8d5b", 1},  // TranslateX 9.063
      {"7f5d46589234e73a", 1},  // TranslateX -9.063
      {"6262b426c2972cdf", 1},  // TranslateY 14.05
      {"fcb6f3f10d5cd6c0", 1},  // TranslateY -14.05
      {"c804806a701220fc", 1},  // Rotate 30
      {"3e101d476f8c69e2", 1},  // Rotate -30
      {"e7a0e7c991f1b9ef", 1},  // Brightness 0.9
      {"2e738095bc1a8ca7", 1},  // Brightness -0.9
      {"b2b6e6e9751472e2", 1},  // Color 0.9
      {"573265ab7f53ee20", 1},  // Color -0.9
      {"5414c054b7fa1184", 1},  // Contrast 0.9
      {"8d01c79636273def", 1},  // Contrast -0.9
      {"b45343c93737dc0f", 1},  // Sharpness 0.9
      {"e24b26a6cb4164d2", 1},  // Sharpness -0.9
      {"a29cc71b4816888a", 2},  // Posterize 4
      {"bd42d97ff71ab2ed", 2},  // Solarize 0
      {"f6d00124096666dd", 2},  // AutoContrast 0
      {"7e9ed14bd2dadfd1", 2},  // Equalize 0
  };
  expect_draws("rand_augment(n=1,m=30)", strongest);
  expect_draws("rand_augment(n=1,m=10,bins=11)", strongest);
}

TEST(RandAugment, MakesAsManyChangesAsAsked) {
  const std::string unchanged = digest(pattern(31, 20, 3));
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(digest(changed_image("rand_augment(n=0)", i)), unchanged);
  }
  EXPECT_GT(draws("rand_augment(n=2)", 200).size(), 100u);
}

TEST(RandAugment, TakesGreyPictures) {
  for (std::size_t i = 0; i < 50; ++i) {
    Image image = pattern(5, 3, 1);
    Augmentation("rand_augment(n=3,m=30)").apply(image, {5, 3}, 1, 0, i);
    EXPECT_EQ(image.pixels.size(), 15u);
  }
}

}  // namespace
}  // namespace nescio::image
