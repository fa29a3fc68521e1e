#include "image/resize.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <string>

#include "io/sha256.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

Image ramp(std::size_t height, std::size_t width, std::size_t channels) {
  Image image{height, width, channels, {}};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        image.pixels.push_back(
            static_cast<std::uint8_t>((x * 37 + y * 101 + c * 59 + x * y * 7) % 256));
      }
    }
  }
  return image;
}

TEST(Resize, EqualsPillowOnASmallPicture) {
  const Image out = resize(ramp(3, 2, 1), 4, 4, bilinear);
  const std::vector<std::uint8_t> expected = {0,   9,   28,  37,  63,  73,  94,  105,
                                              139, 151, 174, 186, 202, 215, 240, 253};
  EXPECT_EQ(out.pixels, expected);
  EXPECT_EQ(out.height, 4u);
  EXPECT_EQ(out.width, 4u);
  EXPECT_EQ(out.channels, 1u);
}

struct ResizeCase {
  std::size_t height, width, channels, new_height, new_width;
  const char* filter;
  const char*
      sha256;  // of what Pillow 13.0 makes of ramp(), there pattern(); testdata/print_resized.py
};

/// Every instruction set of this machine must give the same bits.
TEST(Resize, EqualsPillowBitByBit) {
  const ResizeCase cases[] = {
      {28, 28, 1, 32, 32, "bilinear",
       "84ade144f8308d05f2aa477afc7e29b761b70ba2c2464d308988d92b51218308"},
      {28, 28, 1, 32, 32, "bicubic",
       "0917c1a792301cda268f40bccc085474de6e6c9ec2e64485b6f17a92b820832d"},
      {64, 64, 3, 32, 32, "bilinear",
       "45aa2c746449b93acf72ff798638c8524e6b4be4154c915a81a452eb2c35e371"},
      {64, 64, 3, 32, 32, "bicubic",
       "d87ede227bb15708691d0c96b35b9f91d074d4f5f05b1c2dcc35c2df2daa9813"},
      {7, 5, 3, 13, 9, "bilinear",
       "ff72fc366bc9803b917c1035a5b760d91210b9adafa03b32391b790ee5b3d724"},
      {7, 5, 3, 13, 9, "bicubic",
       "c95f6792aac54b559ec7833db23f80cf84241edc55bfb90dcf7202728174e923"},
      {30, 100, 1, 7, 10, "bilinear",
       "fecfcad8054f51938e81fda940618b067302924c895de742d83a1ce8207d43b1"},
      {30, 100, 1, 7, 10, "bicubic",
       "297f6003765dc401236fb7ac9501cab4a2e3100f8d6bf6de0e9715b1a353bd14"},
      {33, 50, 3, 50, 20, "bilinear",
       "47528e0f534811b9b80848af03b4282bbede0978b198b85ccdb10d203e882b39"},
      {33, 50, 3, 50, 20, "bicubic",
       "e74475ea9be8084567d3e8c7c795852f2b19d8a357bfc5f9dc77767c3102bb10"},
      {1, 1, 3, 4, 4, "bilinear",
       "fa72132abbcdf1d014ef3eeba90d8e2ff88b92fdd4496c066f127f31a1648d2c"},
      {1, 1, 3, 4, 4, "bicubic",
       "fa72132abbcdf1d014ef3eeba90d8e2ff88b92fdd4496c066f127f31a1648d2c"},
      {20, 20, 1, 20, 31, "bilinear",
       "242d0a4f50e33d3001caab847a1d91846122746347005201ef0acdd4572f83ce"},
      {20, 20, 1, 20, 31, "bicubic",
       "ebb2935312ff6c8c792c7f3d6e2f89920e0ea9e0d12688c5223c448c445e5019"},
      {32, 32, 3, 224, 224, "bilinear",
       "e2f5cd6cf4113f0c1edb6d7221c1b718d28df4de0a86dc56d5962b95cc389281"},
      {32, 32, 3, 224, 224, "bicubic",
       "519f78aa171ed3787c7e13f4d1b8c1f2c92b7293f20e9c61b2e112adca9d9aa7"},
      {375, 500, 3, 256, 341, "bilinear",
       "fd236f13604c83d6a61bc55bd00f078deee652718723da0051a8f5fd54998526"},
      {375, 500, 3, 256, 341, "bicubic",
       "9e379729bd996656443687990759868f2ef1664c090d6b8c53af3e816dd1a6cc"},
      {99, 101, 1, 32, 32, "bilinear",
       "ad9b15dd861964d6353e9fe0d28bdd3f693f92f1a059ee6d8bf062be08d790f8"},
      {99, 101, 1, 32, 32, "bicubic",
       "4ad1142398be2c149a3fa8e2a2b8568547e24f9d737d6aab3403e8442a1acb15"},
      {1, 50, 3, 7, 20, "bilinear",
       "0c4707f791ef9b7a0e16ab11eeb67ce8270717bc7da98794c88ade10849e6992"},
      {1, 50, 3, 7, 20, "bicubic",
       "44e157e0a88f9fc11e0f6ff7abd0a1c50f278d135274dd37c98e38121c60f88c"},
      {50, 1, 3, 20, 7, "bilinear",
       "ce1c346c69e1f5d763232088b51d768eab1f4e79001161016a2347012bf7f424"},
      {50, 1, 3, 20, 7, "bicubic",
       "80670e42006b7939595cd3b3cacd77ef5580f9e18baebf7d95985a5522a9521d"},
      {3, 1, 1, 1, 9, "bilinear",
       "165736ce05944da00d3758809792a77acfc2690dd8183038e9940217a7ee2299"},
      {3, 1, 1, 1, 9, "bicubic",
       "165736ce05944da00d3758809792a77acfc2690dd8183038e9940217a7ee2299"},
      {5, 700, 3, 5, 3, "bilinear",
       "e8de21158a1bf2194a18e425119fc8d52bd4bde95bde1b890357e78cb303e8e0"},
      {5, 700, 3, 5, 3, "bicubic",
       "e8692cd70e2395454c1170e1932982fe6b783c0f71f54d6fea82f0bb68e2bdfd"},
      {40, 37, 3, 1, 1, "bilinear",
       "7a06ccb38103f10d1aec6c92e1cf92358fe21c28edce5c5f00a0f66a3d6ab71b"},
      {40, 37, 3, 1, 1, "bicubic",
       "7a06ccb38103f10d1aec6c92e1cf92358fe21c28edce5c5f00a0f66a3d6ab71b"},
      {100, 30, 3, 10, 7, "bilinear",
       "69ef74a931cacaf7a9f6b2a2a86eca3180c9a2f653a6b25722aeb282bd0085be"},
      {100, 30, 3, 10, 7, "bicubic",
       "005f015b69ce99e1bed1d775993303b2b6c30b6853e38d59baf8d1eedf92d79b"},
      {500, 300, 3, 224, 224, "bilinear",
       "9a5d36e72627ed5c097f96c6bbf3a9fee46252f2d42fe5c346dc5e455dd1935c"},
      {500, 300, 3, 224, 224, "bicubic",
       "5cecae96a1c8ce1ab5fb3c014444b8dba23b5699361b77042a79391431148bc7"},
      {60, 50, 1, 39, 40, "bilinear",
       "87a99305e2716850944b773143ff5f8aa8b20af344ce9be1bd325e6e82090981"},
      {60, 50, 1, 39, 40, "bicubic",
       "0a115eeae414e8f64f94b3c439a47937728cd1c619ea47d3ce2158db506a3b75"},
      {60, 50, 1, 40, 40, "bilinear",
       "0730185365fe410bc31d1bfaa3b89c873901aa1b16a7673d984900b33d5cc2cc"},
      {60, 50, 1, 40, 40, "bicubic",
       "0cef2a5cda4b5eb554764905a48dca87d6940691608592aa0ece07227f0142cc"},
      {90, 7, 3, 40, 31, "bilinear",
       "8a54fdb29b3f3f11c05d38592ff1a8473d9a3bd1e5ed8e4fc27a03c8d8b8e82a"},
      {90, 7, 3, 40, 31, "bicubic",
       "70d29d9947fcfe938822ca9189bd31c5e6973018a0f646ed29360569373e1052"},
  };
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    for (const ResizeCase& c : cases) {
      const Image out = resize(ramp(c.height, c.width, c.channels), c.new_height, c.new_width,
                               find_filter(c.filter));
      EXPECT_EQ(io::sha256(std::span<const std::uint8_t>(out.pixels)), c.sha256)
          << c.height << " x " << c.width << " to " << c.new_height << " x " << c.new_width << " "
          << c.filter << " on " << hwy::TargetName(target);
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

TEST(Resize, LeavesEqualSidesAlone) {
  const Image image = ramp(5, 6, 3);
  EXPECT_EQ(resize(image, 5, 6, bicubic).pixels, image.pixels);
}

class ResizedPart : public testing::TestWithParam<std::size_t> {};  // the height of the source

TEST_P(ResizedPart, IsTheCut) {
  const Image image = ramp(GetParam(), 30, 3);
  const Image whole = resize(image, 29, 50, bicubic);
  for (const Cut& cut : {Cut{0, 0, 29, 50}, Cut{3, 7, 20, 11}, Cut{28, 49, 1, 1}}) {
    const Image part = resize(image, 29, 50, bicubic, cut);
    ASSERT_EQ(part.pixels.size(), cut.height * cut.width * 3);
    for (std::size_t y = 0; y < cut.height; ++y) {
      for (std::size_t i = 0; i < 3 * cut.width; ++i) {
        ASSERT_EQ(part.pixels[y * 3 * cut.width + i],
                  whole.pixels[(cut.top + y) * 150 + 3 * cut.left + i])
            << y << ", " << i;
      }
    }
  }
  for (const Cut& cut : {Cut{0, 0, 30, 1}, Cut{29, 0, 1, 1}, Cut{0, 0, 0, 1}, Cut{0, 1, 1, 50}}) {
    EXPECT_NE(io::error_of([&] { resize(image, 29, 50, bicubic, cut); }).find("a part of 29 x 50"),
              std::string::npos);
  }
}
INSTANTIATE_TEST_SUITE_P(RowsOrColumnsFirst, ResizedPart, testing::Values(20, 41));

TEST(Resize, RefusesEmptySidesAndUnknownFilters) {
  EXPECT_NE(io::error_of([] { resize(Image{}, 4, 4, bilinear); }).find("sides of at least 1"),
            std::string::npos);
  EXPECT_NE(io::error_of([] { resize(ramp(2, 2, 1), 0, 4, bilinear); }).find("2 x 2 to 0 x 4"),
            std::string::npos);
  EXPECT_NE(io::error_of([] { find_filter("bilinar"); }).find("bilinear"), std::string::npos);
}

}  // namespace
}  // namespace nescio::image
