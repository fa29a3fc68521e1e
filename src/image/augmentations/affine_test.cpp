#include "image/augmentations/affine.h"

#include <gtest/gtest.h>

#include "image/test_pictures.h"

namespace nescio::image {
namespace {

// Digests are of what Pillow 13.0 makes of pattern(31, 20, 3) and (31, 20, 1);
// testdata/print_changed.py.

TEST(Affine, EqualsPillowBitByBit) {
  const struct {
    AffineMap map;
    const char* digests[2];
  } cases[] = {
      {{1, 0, 0, 0, 1, 0}, {"dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
      {{1, 0.3, 0, 0, 1, 0}, {"5b2f29320ece3962", "a28d6729770d5cc2"}},
      {{1, 0, 0, -0.21, 1, 0}, {"33387bae95cec18a", "1dab9d8fb91b889b"}},
      {{1, 0, 7, 0, 1, -3}, {"8621d13a98bbde6e", "772517646c12b8bd"}},
      {{1, 0, 99, 0, 1, 0}, {"5b30d76f6613b7c6", "b5afda9531d50eca"}},
      {{0.83, 0.4, -2.7, -0.36, 1.21, 3.9}, {"988e17274b21f171", "ec5157779e1d838e"}},
      {{-1, 0, 20, 0, -1, 31}, {"f261a709ddd53aac", "ad5ce3474b884f59"}},
  };
  for (const auto& [map, digests] : cases) {
    EXPECT_EQ(digest(transformed(pattern(31, 20, 3), map)), digests[0]) << map.a << " " << map.b;
    EXPECT_EQ(digest(transformed(pattern(31, 20, 1), map)), digests[1]) << map.a << " " << map.b;
  }
}

TEST(Affine, RotatesAsPillow) {
  const struct {
    double degrees;
    const char* digests[2];
  } cases[] = {
      {-30, {"3e101d476f8c69e2", "560409d439823c09"}},
      {9, {"14095cc11c453b7c", "4a746e1739db44ed"}},
      {45, {"c23586197579bc54", "2322a1e9fd54573d"}},
      {90, {"5f88bdbcdc38e48e", "0d337a262a203b1c"}},
      {180, {"f261a709ddd53aac", "ad5ce3474b884f59"}},
      {0, {"dfe60ad76f3087ac", "6841fba3bdcbaff8"}},
  };
  for (const auto& [degrees, digests] : cases) {
    const AffineMap map = rotation(degrees, 31, 20);
    EXPECT_EQ(digest(transformed(pattern(31, 20, 3), map)), digests[0]) << degrees;
    EXPECT_EQ(digest(transformed(pattern(31, 20, 1), map)), digests[1]) << degrees;
  }
}

TEST(Affine, MovesToTheRightAndDown) {
  const Image image{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(transformed(image, translation(1, 0)).pixels,
            (std::vector<std::uint8_t>{0, 1, 2, 0, 4, 5}));
  EXPECT_EQ(transformed(image, translation(-1, 1)).pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 2, 3, 0}));
}

}  // namespace
}  // namespace nescio::image
