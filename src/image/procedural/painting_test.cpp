#include "image/procedural/painting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "image/datasets/dataset.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::HasSubstr;

TEST(Paint, HasTheNoiseThatWasAskedFor) {
  Rng rng(1);
  double sum = 0, squares = 0;
  std::size_t count = 0;
  for (int picture = 0; picture < 20; ++picture) {
    const Image image = procedural::paint(
        [](double, double) {
          return procedural::Colour{0.5, 0.5, 0.5};
        },
        0.1, rng);
    for (const std::uint8_t pixel : image.pixels) {
      const double value = pixel / 255.0;
      sum += value;
      squares += value * value;
      ++count;
    }
  }
  const double mean = sum / static_cast<double>(count);
  EXPECT_NEAR(mean, 0.5, 0.002);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count) - mean * mean), 0.1, 0.002);
}

TEST(Paint, GivesPlacesFromTheTopLeft) {
  Rng rng(1);
  const Image image = procedural::paint(
      [](double x, double y) {
        return procedural::Colour{x > 0 ? 1.0 : 0.0, y > 0 ? 1.0 : 0.0, 0};
      },
      0, rng);
  const auto pixel = [&](std::size_t row, std::size_t column, std::size_t channel) {
    return image.pixels[3 * (row * procedural::side + column) + channel];
  };
  EXPECT_EQ(pixel(0, 31, 0), 255);
  EXPECT_EQ(pixel(0, 31, 1), 0);
  EXPECT_EQ(pixel(31, 0, 0), 0);
  EXPECT_EQ(pixel(31, 0, 1), 255);
}

std::vector<std::uint8_t> pixels(const std::string& spec, std::size_t i) {
  return open_dataset(spec)->load(i).image.pixels;
}

TEST(Procedural, PicturesDependOnKindSplitSeedAndPlaceOnly) {
  const auto reference = pixels("procedural:shapes?split=train&seed=3&count=20", 7);
  EXPECT_EQ(pixels("procedural:shapes?split=train&seed=3&count=9", 7), reference);
  EXPECT_NE(pixels("procedural:shapes?split=train&seed=4&count=20", 7), reference);
  EXPECT_NE(pixels("procedural:shapes?split=val&seed=3&count=20", 7), reference);
  EXPECT_NE(pixels("procedural:shapes?split=train&seed=3&count=20", 17), reference);
}

TEST(Procedural, HashTellsDataApart) {
  std::set<std::string> hashes;
  for (const char* spec : {"procedural:shapes", "procedural:noise", "procedural:shapes?seed=1",
                           "procedural:shapes?split=val", "procedural:shapes?count=999"}) {
    hashes.insert(open_dataset(spec)->hash());
  }
  EXPECT_EQ(hashes.size(), 5U);
  EXPECT_EQ(open_dataset("procedural:shapes")->hash(),
            open_dataset("procedural:shapes?split=test&seed=0&count=1000")->hash());
}

TEST(Procedural, ClassesComeInTurn) {
  const auto shapes = open_dataset("procedural:shapes?count=25");
  ASSERT_EQ(shapes->size(), 25U);
  ASSERT_EQ(shapes->class_names().size(), 10U);
  EXPECT_EQ(shapes->class_names()[6], "checked square");
  EXPECT_EQ(shapes->load(16).label, 6);
  EXPECT_EQ(shapes->load(16).index, 16);
}

// Near OOD shares no class with the ID set; far OOD has none.
TEST(Procedural, OtherKindsHaveOtherClasses) {
  const auto known = open_dataset("procedural:shapes")->class_names();
  for (const auto& painter : procedural::painters()) {
    const auto dataset = open_dataset("procedural:" + painter.name + "?count=30");
    const Sample sample = dataset->load(29);
    EXPECT_EQ(sample.image.height, 32U) << painter.name;
    EXPECT_EQ(sample.image.channels, 3U) << painter.name;
    if (painter.name == "shapes") continue;
    EXPECT_EQ(sample.label >= 0, !dataset->class_names().empty()) << painter.name;
    for (const std::string& name : dataset->class_names()) {
      EXPECT_THAT(known, testing::Not(testing::Contains(name)));
    }
  }
}

TEST(Procedural, NamesTheKindsThatThereAre) {
  EXPECT_THAT(io::error_of([] { open_dataset("procedural:shape"); }),
              HasSubstr("unknown pictures 'shape'. Did you mean 'shapes'?"));
}

}  // namespace
}  // namespace nescio::image
