#include "image/preprocessing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/resize.h"
#include "image/test_pictures.h"
#include "io/sha256.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

const Preprocessing small_pictures{
    .height = 1, .width = 2, .mean = {0.5, 0.25, 0.0}, .std = {0.5, 0.25, 2.0}};

TEST(Preprocessor, NormalisesIntoPlanes) {
  std::vector<float> out(6);
  Preprocessor(small_pictures).apply({1, 2, 3, {255, 0, 51, 0, 255, 102}}, out);
  const std::vector<float> expected = {1, -1, -1, 3, 0.1f, 0.2f};
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_FLOAT_EQ(out[i], expected[i]) << i;
}

TEST(Preprocessor, MakesGreyThreeChannels) {
  std::vector<float> out(6);
  Preprocessor(small_pictures).apply({1, 2, 1, {0, 255}}, out);
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

TEST(Preprocessor, MixesColoursIntoGreyAsPillowDoes) {
  const Preprocessing grey{.height = 1, .width = 6, .channels = "grey", .mean = {0}, .std = {1}};
  std::vector<float> out(6);
  // Image.convert("L") of Pillow 13.
  Preprocessor(grey).apply(
      {1, 6, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 12, 200, 99, 1, 2, 4, 6, 1, 3}}, out);
  const std::vector<int> expected = {76, 150, 29, 132, 2, 3};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(std::lround(255 * out[i]), expected[i]) << i;
  Preprocessor(grey).apply({1, 6, 1, {0, 51, 102, 153, 204, 255}}, out);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(out[i], 0.2f * static_cast<float>(i)) << i;
}

TEST(Preprocessor, WantsAsManyMeansAsChannels) {
  EXPECT_NE(io::error_of([] { Preprocessor({.height = 1, .width = 1, .channels = "grey"}); }), "");
  EXPECT_NE(io::error_of([] { Preprocessor({.height = 1, .width = 1, .mean = {0, 0}}); }), "");
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

TEST(Preprocessing, ComesBackFromJson) {
  Preprocessing p = imagenet_preprocessing();
  p.channels = "bgr";
  p.resize = "bicubic";
  EXPECT_EQ(to_json(preprocessing_from_json(to_json(p), "x")), to_json(p));
  for (const char* key : {"height", "width", "resize", "short_side", "channels", "mean", "std"}) {
    nlohmann::json damaged = to_json(p);
    damaged[key] = nlohmann::json::object();
    EXPECT_NE(io::error_of([&] { preprocessing_from_json(damaged, "x"); }), "") << key;
    damaged.erase(key);
    EXPECT_NE(io::error_of([&] { preprocessing_from_json(damaged, "x"); }), "") << key;
  }
  EXPECT_NE(io::error_of([&] { preprocessing_from_json(nlohmann::json(), "x"); }), "");
}

TEST(Preprocessing, ChangesOnlyWhatIsSet) {
  const Preprocessing p = imagenet_preprocessing();
  EXPECT_EQ(to_json(changed(p, {})), to_json(p));
  PreprocessingChanges changes;
  set_parameters(changes, preprocessing_parameters(), "x", "size=227&short_side=0&std=1,2,3");
  const Preprocessing q = changed(p, changes);
  EXPECT_EQ(q.height, 227u);
  EXPECT_EQ(q.width, 227u);
  EXPECT_EQ(q.short_side, 0u);
  EXPECT_EQ(q.std, (std::vector{1.0, 2.0, 3.0}));
  EXPECT_EQ(q.mean, p.mean);
}

struct PreprocessingCase {
  std::size_t height, width, channels, short_side, cut_height, cut_width;
  const char* filter;
  const char* sha256;  // of Resize and CenterCrop with Pillow 13.0; testdata/print_resized.py
};

TEST(Preprocessor, EqualsPillowWithShortSideAndCut) {
  const PreprocessingCase cases[] = {
      {375, 500, 3, 256, 224, 224, "bilinear",
       "fc464c1c329173daac6edf9db13c78d52203e436dc5152b11cdaf35a1a80edab"},
      {375, 500, 3, 256, 224, 224, "bicubic",
       "8b192b2e6cecca12d320ce5fd33a2fecb007a384a47023c2b878e056b30d1f11"},
      {500, 333, 3, 256, 224, 224, "bilinear",
       "39162f1c1497d41056af7d838772b6093e0af09b85164a7478796bedfdea9cda"},
      {500, 333, 3, 256, 224, 224, "bicubic",
       "e60251d80da0874ffe2a25e2146f7e546c2ffea01a5c3c4bb9acce162610c771"},
      {28, 28, 1, 32, 32, 32, "bilinear",
       "84ade144f8308d05f2aa477afc7e29b761b70ba2c2464d308988d92b51218308"},
      {28, 28, 1, 32, 32, 32, "bicubic",
       "0917c1a792301cda268f40bccc085474de6e6c9ec2e64485b6f17a92b820832d"},
      {51, 37, 3, 40, 33, 28, "bilinear",
       "dcba9c2d4242e003514c173c1788a9272d291b7a6de05dfca45c507b48cf96aa"},
      {51, 37, 3, 40, 33, 28, "bicubic",
       "af1404c29d3b4c5396f779296a55a594c8abf23e78b16eda0be747a4105c881f"},
      {37, 52, 3, 40, 40, 31, "bilinear",
       "8be65a76c4b7cf3943a1b1c8bcf2e420ec6ab30a5a335036a01039467c4dd47e"},
      {37, 52, 3, 40, 40, 31, "bicubic",
       "c8bd29dc9dad317b0258b3813fa987c0ae03330d580cc448f2f5cd5df926aa6b"},
      {1, 3, 3, 5, 4, 5, "bilinear",
       "70f2d6eacf799e3df2a0c1499ce57ae7e7b1e56dc3eb4f7643fe388259d08454"},
      {1, 3, 3, 5, 4, 5, "bicubic",
       "c1ba9f260031a251a9ba8b41967e83f70cacc75500dbb24bd15434d8f606d7a5"},
      {256, 301, 3, 256, 223, 224, "bilinear",
       "da0b5917db61ce236fbd57437ac42b165eeadae7da62a992afb5a298525be789"},
      {256, 301, 3, 256, 223, 224, "bicubic",
       "da0b5917db61ce236fbd57437ac42b165eeadae7da62a992afb5a298525be789"},
      {61, 61, 1, 31, 28, 30, "bilinear",
       "e70507aa31c85ea00bbee11cd9bbb9c17311d658aa61168671853c8e43e4d979"},
      {61, 61, 1, 31, 28, 30, "bicubic",
       "53bfdab1c6407c132be2b481a9e63214630c9fbc8fbd85f14331204f34bcf4d6"},
      {400, 130, 3, 64, 60, 50, "bilinear",
       "4101caa59ac14ec59bfb71f5ee1dba9af33747c916975a0269e64c8c0cfb7850"},
      {400, 130, 3, 64, 60, 50, "bicubic",
       "f1d8572771fa9d82345a72c06014477a893709bd0480abb73ca405b3386d6910"},
  };
  for (const PreprocessingCase& c : cases) {
    Image image{c.height, c.width, c.channels, {}};
    for (std::size_t y = 0; y < c.height; ++y) {
      for (std::size_t x = 0; x < c.width; ++x) {
        for (std::size_t k = 0; k < c.channels; ++k) {
          image.pixels.push_back(
              static_cast<std::uint8_t>((x * 37 + y * 101 + k * 59 + x * y * 7) % 256));
        }
      }
    }
    const Preprocessor preprocessor({.height = c.cut_height,
                                     .width = c.cut_width,
                                     .short_side = c.short_side,
                                     .resize = c.filter});
    std::vector<float> out(preprocessor.size());
    preprocessor.apply(image, out);
    std::vector<std::uint8_t> pixels;
    for (std::size_t i = 0; i < c.cut_height * c.cut_width; ++i) {
      for (std::size_t k = 0; k < c.channels; ++k) {
        const float value = out[k * c.cut_height * c.cut_width + i];
        pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
      }
    }
    EXPECT_EQ(io::sha256(std::span<const std::uint8_t>(pixels)), c.sha256)
        << c.height << " x " << c.width << ", short side " << c.short_side << ", " << c.filter;
  }
}

TEST(Preprocessor, ItsHalvesGiveTheWhole) {
  for (const std::size_t short_side : {0u, 5u}) {
    const Preprocessor preprocessor({.height = 3, .width = 4, .short_side = short_side});
    for (const auto& [height, width] :
         {std::pair<std::size_t, std::size_t>{3, 4}, {5, 5}, {9, 6}}) {
      Image image{height, width, 3, std::vector<std::uint8_t>(3 * height * width)};
      for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        image.pixels[i] = static_cast<std::uint8_t>(37 * i);
      }
      std::vector<float> whole(preprocessor.size()), halves(preprocessor.size());
      preprocessor.apply(image, whole);
      const Image fitted = preprocessor.fit(image);
      EXPECT_EQ(fitted.height, 3u);
      EXPECT_EQ(fitted.width, 4u);
      preprocessor.normalise(fitted, halves);
      EXPECT_EQ(whole, halves);
    }
  }
}

TEST(Preprocessor, ItsBytesBecomeItsValues) {
  for (const char* channels : {"rgb", "bgr", "grey"}) {
    const bool colour = std::string_view(channels) != "grey";
    const Preprocessor preprocessor(
        {.height = 5,
         .width = 7,
         .channels = channels,
         .mean = colour ? std::vector{0.485, 0.456, 0.406} : std::vector{0.4},
         .std = colour ? std::vector{0.229, 0.224, 0.225} : std::vector{0.3}});
    const std::size_t planes = preprocessor.tables().size();
    for (const std::size_t of_picture : {1u, 3u}) {
      const Image image = pattern(5, 7, of_picture);
      std::vector<float> expected(preprocessor.size()), found(preprocessor.size());
      std::vector<std::uint8_t> bytes(preprocessor.size());
      preprocessor.normalise(image, expected);
      preprocessor.interleave(image, bytes);
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        found[i % planes * 35 + i / planes] = preprocessor.tables()[i % planes][bytes[i]];
      }
      EXPECT_EQ(found, expected) << channels << " of " << of_picture;
    }
  }
}

TEST(Preprocessor, ItsBytesAreThoseOfThePicture) {
  std::vector<std::uint8_t> bytes(6);
  Preprocessor(small_pictures).interleave({1, 2, 3, {1, 2, 3, 4, 5, 6}}, bytes);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
  Preprocessor({.height = 1, .width = 2, .channels = "bgr"})
      .interleave({1, 2, 3, {1, 2, 3, 4, 5, 6}}, bytes);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4}));
}

TEST(Preprocessor, RefusesSettingsWithoutSense) {
  EXPECT_NE(io::error_of([] { Preprocessor(Preprocessing{}); }), "");
  EXPECT_NE(io::error_of([] { Preprocessor({.height = 1, .width = 1, .resize = "none"}); }), "");
  EXPECT_NE(io::error_of([] { Preprocessor({.height = 1, .width = 1, .channels = "grb"}); }), "");
  EXPECT_NE(io::error_of([] { Preprocessor({.height = 1, .width = 1, .std = {1, 0, 1}}); }), "");
}

TEST(Preprocessor, RefusesTwoChannels) {
  std::vector<float> out(6);
  EXPECT_NE(io::error_of([&] {
              Preprocessor(small_pictures).apply({1, 2, 2, {1, 2, 3, 4}}, out);
            }),
            "");
}

TEST(Preprocessing, SaysItselfInJson) {
  EXPECT_EQ(to_json(small_pictures).dump(),
            R"({"channels":"rgb","height":1,"mean":[0.5,0.25,0.0],"resize":"bilinear",)"
            R"("short_side":0,"std":[0.5,0.25,2.0],"width":2})");
}

}  // namespace
}  // namespace nescio::image
