#include "train/training_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_run.h"

namespace nescio::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string shapes(const std::string& classes, const std::string& split = "train") {
  return text("procedural:shapes?count=40&split=", split, "&classes=", classes);
}

TrainingData open(const std::string& data, const std::string& val = {},
                  const std::string& outliers = {}) {
  return open_training_data({.data = data, .val = val, .outliers = outliers});
}

TEST(TrainingData, ValidationHasTheClassesOfTheDataByName) {
  const TrainingData same = open(shapes("0,1,2"), shapes("0,1,2", "val"));
  EXPECT_THAT(same.warnings, IsEmpty());
  for (const char* classes : {"2,0,1", "2,1"}) {
    const TrainingData data = open(shapes("0,1,2"), shapes(classes, "val"));
    EXPECT_EQ(data.val->class_names(), data.train->class_names());
    ASSERT_EQ(data.warnings.size(), 1U);
    EXPECT_THAT(data.warnings[0], HasSubstr("val: the labels are now those of data"));
    // As in the data itself, whose classes are those of the painter.
    const auto own = image::open_dataset(shapes(classes, "val"));
    const auto all = image::open_dataset("procedural:shapes?count=40&split=val");
    for (std::size_t i = 0; i < own->size(); ++i) {
      const auto row = static_cast<std::size_t>(own->load(i).index);
      EXPECT_EQ(data.val->label(i), all->label(row));
    }
  }
  const auto fault = [](const std::string& val) {
    return io::error_of([&] { open(shapes("0,1,2"), val); });
  };
  EXPECT_THAT(fault(shapes("1,2,3", "val")), HasSubstr("val: the class "));
  EXPECT_THAT(fault(shapes("3,4", "val")), HasSubstr("val: none of its classes"));
}

TEST(TrainingData, WarnsOfClassesWithoutAPicture) {
  const TrainingData data = open("procedural:shapes?count=40&index=0-2");
  EXPECT_EQ(data.classes, 10);
  ASSERT_EQ(data.warnings.size(), 1U);
  EXPECT_THAT(data.warnings[0], HasSubstr("data: no picture of 7 of the 10 classes"));
}

TEST(TrainingData, WarnsOfOutliersThatTellThemselvesApart) {
  const TinyTask task;
  const auto warnings = [&](const std::string& train, const std::string& outliers) {
    return join(open(train, {}, outliers).warnings);
  };
  EXPECT_EQ(warnings(task.spec("train"), task.spec("outliers")), "");
  EXPECT_THAT(warnings(task.spec("train"), "procedural:noise?count=4"),
              HasSubstr("is 32 x 32 colour, that of data 8 x 8 colour"));
  EXPECT_THAT(warnings("procedural:shapes?count=20", "procedural:shapes?count=20&classes=0,1"),
              HasSubstr("called like classes of data"));
}

TEST(TrainingData, HasAWeightForEachPicture) {
  const io::TestFolder folder;
  const auto open_with = [&](const std::vector<float>& weights) {
    io::write_npy(folder / "weights.npy", Array({weights.size()}, weights));
    return open_training_data({.data = "procedural:shapes?count=3&classes=0-2",
                               .weights = (folder / "weights.npy").string()});
  };
  EXPECT_THAT(open_with({0, 1, 2.5f}).weights, ElementsAre(0, 1, 2.5f));
  const auto fault = [&](const std::vector<float>& weights) {
    return io::error_of([&] { open_with(weights); });
  };
  EXPECT_THAT(fault({1, 1}), HasSubstr("a number for each of the 3 pictures, found [2]"));
  EXPECT_THAT(fault({1, -1, 1}), HasSubstr("found -1 for picture 1"));
  EXPECT_THAT(fault({1, NAN, 1}), HasSubstr("found nan for picture 1"));
  EXPECT_THAT(fault({0, 0, 0}), HasSubstr("all are 0"));
}

}  // namespace
}  // namespace nescio::train
