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

TEST(TrainingData, ValidationHasTheClassesOfTheDataByName) {
  const TrainingData same = open_training_data(shapes("0,1,2"), shapes("0,1,2", "val"));
  EXPECT_THAT(same.warnings, IsEmpty());
  for (const char* classes : {"2,0,1", "2,1"}) {
    const TrainingData data = open_training_data(shapes("0,1,2"), shapes(classes, "val"));
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
    return io::error_of([&] { open_training_data(shapes("0,1,2"), val); });
  };
  EXPECT_THAT(fault(shapes("1,2,3", "val")), HasSubstr("val: the class "));
  EXPECT_THAT(fault(shapes("3,4", "val")), HasSubstr("val: none of its classes"));
}

TEST(TrainingData, WarnsOfClassesWithoutAPicture) {
  const TrainingData data = open_training_data("procedural:shapes?count=40&index=0-2", {});
  EXPECT_EQ(data.classes, 10);
  ASSERT_EQ(data.warnings.size(), 1U);
  EXPECT_THAT(data.warnings[0], HasSubstr("data: no picture of 7 of the 10 classes"));
}

TEST(TrainingData, WarnsOfOutliersThatTellThemselvesApart) {
  const TinyTask task;
  const auto warnings = [&](const std::string& train, const std::string& outliers) {
    return join(open_training_data(train, {}, outliers).warnings);
  };
  EXPECT_EQ(warnings(task.spec("train"), task.spec("outliers")), "");
  EXPECT_THAT(warnings(task.spec("train"), "procedural:noise?count=4"),
              HasSubstr("is 32 x 32 colour, that of data 8 x 8 colour"));
  EXPECT_THAT(warnings("procedural:shapes?count=20", "procedural:shapes?count=20&classes=0,1"),
              HasSubstr("called like classes of data"));
}

}  // namespace
}  // namespace nescio::train
