#include "image/augmentations/colour.h"

#include <gtest/gtest.h>

#include "image/test_pictures.h"

namespace nescio::image {
namespace {

void change(Image& image, const std::string& name, double value) {
  if (name == "brightness") return change_brightness(image, value);
  if (name == "contrast") return change_contrast(image, value);
  if (name == "saturation") return change_saturation(image, value);
  if (name == "sharpness") return change_sharpness(image, value);
  if (name == "hue") return turn_hue(image, value);
  if (name == "posterize") return posterize(image, static_cast<int>(value));
  if (name == "solarize") return solarize(image, value);
  if (name == "autocontrast") return autocontrast(image);
  if (name == "equalize") return equalize(image);
  FAIL() << name;
}

struct ColourCase {
  const char* name;
  double value;
  const char* digests[3];  // of what Pillow 13.0 makes of the pictures; testdata/print_changed.py
};

TEST(Colour, EqualsPillowBitByBit) {
  const Image pictures[] = {all_colours(), pattern(31, 20, 3), pattern(31, 20, 1)};
  const ColourCase cases[] = {
      {"brightness", 0, {"b7a4432672848268", "5b30d76f6613b7c6", "b5afda9531d50eca"}},
      {"brightness", 0.37, {"db19275b7e3bea2c", "949d4a4613ba9150", "0eba3e85870bbeb9"}},
      {"brightness", 1, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"brightness", 1.9, {"6854769b94032aca", "e7a0e7c991f1b9ef", "6afbf2753bc94e86"}},
      {"contrast", 0, {"086487d888db27b4", "f7369377544638ba", "1c0944a9ebf6f28b"}},
      {"contrast", 0.37, {"7e6b99ffe16cfb3f", "5cfb7600de8ff7cd", "358ceca85f47e1b9"}},
      {"contrast", 1, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"contrast", 1.9, {"9d01949809af82fc", "5414c054b7fa1184", "e8d4b672a247a080"}},
      {"saturation", 0, {"288e179a199c4e54", "cc29627e878e7266", "6841fba3bdcbaff8"}},
      {"saturation", 0.37, {"d1aa15c304b1673a", "58dc73f63239e8d3", "6841fba3bdcbaff8"}},
      {"saturation", 1, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"saturation", 1.9, {"6914c9147779a7c9", "b2b6e6e9751472e2", "6841fba3bdcbaff8"}},
      {"sharpness", 0, {"7c37970bacdc7db6", "53fa55a969d03baf", "15596a6ae1503b77"}},
      {"sharpness", 0.37, {"44c104d9c6430d0f", "e206c24c22f18ad5", "105d5dbb2fedd913"}},
      {"sharpness", 1, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"sharpness", 1.9, {"8c71fdbe2ff67870", "b45343c93737dc0f", "ee57d2ceaa85597f"}},
      {"hue", -0.5, {"116f9b452cc9acac", "d720fe1e5e1f4ae0", "6841fba3bdcbaff8"}},
      {"hue", -0.1, {"e768752fcb5088bd", "c3a7a532e015867c", "6841fba3bdcbaff8"}},
      {"hue", 0, {"7c23a87490f88eb6", "73231f7321eaeaf3", "6841fba3bdcbaff8"}},
      {"hue", 0.03, {"2a3da5116f412975", "53c34566f94115d5", "6841fba3bdcbaff8"}},
      {"hue", 0.5, {"3b6b54c7ad7f4307", "e5b4b67489ee445a", "6841fba3bdcbaff8"}},
      {"posterize", 1, {"6314696a2e04a4ee", "0e156af950676604", "b5afda9531d50eca"}},
      {"posterize", 4, {"ef51500501c5959d", "a29cc71b4816888a", "9f2a836b05d2c666"}},
      {"posterize", 8, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"solarize", 0, {"5ae395e90e5e3151", "bd42d97ff71ab2ed", "57ec3c2f53d58d9c"}},
      {"solarize", 76.5, {"c5ef32e8578accb0", "0070ca00e6721c5f", "124a4b10cc75f0b3"}},
      {"solarize", 256, {"4148f3f67c605c22", "dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {"autocontrast", 0, {"4148f3f67c605c22", "f6d00124096666dd", "55a27fc2457b88e4"}},
      {"equalize", 0, {"482257864e488b20", "7e9ed14bd2dadfd1", "663c190212a952a4"}},
  };
  for (const ColourCase& c : cases) {
    for (std::size_t i = 0; i < 3; ++i) {
      Image image = pictures[i];
      change(image, c.name, c.value);
      EXPECT_EQ(digest(image), c.digests[i]) << c.name << " " << c.value << ", picture " << i;
    }
  }
}

TEST(Colour, TakesPicturesOfOneValue) {
  for (const std::size_t channels : {1u, 3u}) {
    const Image flat{2, 2, channels, std::vector<std::uint8_t>(4 * channels, 77)};
    for (const char* name :
         {"contrast", "saturation", "sharpness", "hue", "autocontrast", "equalize"}) {
      Image image = flat;
      change(image, name, 0.5);
      EXPECT_EQ(image.pixels, flat.pixels) << name;
    }
  }
}

TEST(Colour, LeavesTheBorderUnsmoothed) {
  Image image = pattern(2, 9, 3);
  change_sharpness(image, 0);
  EXPECT_EQ(image.pixels, pattern(2, 9, 3).pixels);
}

}  // namespace
}  // namespace nescio::image
