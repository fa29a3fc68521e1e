#include "train/teacher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "io/test_folder.h"
#include "train/test_run.h"
#include "train/training_streams.h"

namespace nescio::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A bank with what a teacher of two classes said about some pictures: 10 v + i of picture i in view v.
class TeacherTest : public testing::Test {
 protected:
  std::string add(const std::string& split, std::size_t rows, std::size_t views,
                  const nlohmann::json& inputs, std::size_t classes = 2) {
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder_ / "bank");
    std::vector<bank::ArrayPlan> plans;
    for (std::size_t v = 0; v < std::max<std::size_t>(views, 1); ++v) {
      plans.push_back({views == 0 ? std::string("logits") : text("logits(view=", v, ")"),
                       DType::float32,
                       {classes},
                       {}});
    }
    bank::SplitWriter writer(bank, split, rows, plans, inputs);
    for (std::size_t v = 0; v < plans.size(); ++v) {
      std::vector<float> values;
      for (std::size_t i = 0; i < rows * classes; ++i) {
        values.push_back(static_cast<float>(10 * v + i / classes));
      }
      writer.write(plans[v].name, Array({rows, classes}, values));
    }
    writer.commit(rows);
    writer.finish();
    return (folder_ / "bank").string() + "#" + split;
  }
  nlohmann::json of_data() const { return {{"data_sha256", data_->hash()}}; }
  Teacher open(const std::string& spec) const { return Teacher(spec, *data_, 2); }
  static std::vector<float> said(const Teacher& teacher, std::size_t item, std::size_t view) {
    TeacherRows rows;
    teacher.add(item, view, rows);
    return rows.values;
  }
  std::string fault(const std::string& spec) const {
    return io::error_of([&] { open(spec); });
  }

  std::string spec_ = "procedural:shapes?count=30&classes=0,1";
  std::unique_ptr<image::Dataset> data_ = image::open_dataset(spec_);
  io::TestFolder folder_;
};

TEST_F(TeacherTest, SaysTheSameOfEveryViewUnlessItHasSeenSeveral) {
  const Teacher one = open(add("t/one", 6, 0, of_data()));
  EXPECT_EQ(one.views(), 0u);
  EXPECT_THAT(said(one, 4, 17), ElementsAre(4, 4));
  const Teacher three = open(add("t/three", 6, 3, of_data()));
  EXPECT_EQ(three.views(), 3u);
  EXPECT_THAT(said(three, 4, 2), ElementsAre(24, 24));
  EXPECT_NE(one.sha256(), three.sha256());
  EXPECT_EQ(open(add("t/again", 6, 3, of_data())).sha256(), three.sha256());
}

TEST_F(TeacherTest, IsOfTheseVeryPictures) {
  EXPECT_THAT(fault(add("t/a", 6, 0, {{"data_sha256", "other"}})),
              HasSubstr("its 6 rows are not the 6 pictures of data (their SHA-256 differs)"));
  EXPECT_THAT(fault(add("t/b", 5, 0, {})), HasSubstr("its 5 rows are not the 6 pictures of data"));
  EXPECT_NO_THROW(open(add("t/c", 6, 0, {})));  // imported: nothing else is known
  EXPECT_THAT(fault((folder_ / "bank").string()), HasSubstr("expected BANK#SET/SPLIT"));
  EXPECT_THAT(fault((folder_ / "bank").string() + "#t/nothing"), HasSubstr("t/a"));
}

TEST_F(TeacherTest, KnowsTheSameClassesInTheSameOrder) {
  nlohmann::json inputs = of_data();
  auto names = data_->class_names();
  inputs["class_names"] = names;
  EXPECT_NO_THROW(open(add("t/a", 6, 0, inputs)));
  std::swap(names[0], names[1]);
  inputs["class_names"] = names;
  EXPECT_THAT(fault(add("t/b", 6, 0, inputs)), HasSubstr("in another order"));
  bank::FeatureBank::open(folder_ / "bank");
  std::filesystem::remove_all(folder_ / "bank");
  EXPECT_THAT(fault(add("t/c", 6, 0, of_data(), 3)),
              HasSubstr("tells 3 classes apart, the data has 2"));
}

TEST_F(TeacherTest, GoesWithTheViewThatTheStudentSees) {
  const std::string targets = add("t/views", 6, 3, of_data());
  const TrainSettings settings{.data = spec_, .targets = targets, .batch = 3};
  const TrainingData data = open_training_data(settings);
  const image::Preprocessing p{.height = 32, .width = 32};
  TrainingStreams streams(settings, data, p, image::Augmentation("crop(padding=4),flip"),
                          {.per_epoch = 2, .first = 0, .steps = 10});
  std::map<std::pair<std::int64_t, std::size_t>, std::vector<float>> seen;  // by picture and view
  std::size_t again = 0;
  for (std::size_t step = 0; step < 10; ++step) {
    StepData now;
    streams.next(now);
    const std::size_t view = step / 2 % 3, each = now.images.images.size() / 3;
    ASSERT_EQ(now.teacher.values.size(), 6u);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t item = now.images.items[i];
      EXPECT_EQ(now.teacher.values[2 * i],
                static_cast<float>(10 * view) + static_cast<float>(item));
      const auto first = now.images.images.begin() + static_cast<std::ptrdiff_t>(i * each);
      const std::vector<float> pixels(first, first + static_cast<std::ptrdiff_t>(each));
      const auto [known, is_new] = seen.emplace(std::pair(item, view), pixels);
      if (!is_new) {
        EXPECT_EQ(known->second, pixels);
        ++again;
      }
    }
  }
  EXPECT_EQ(again, 12u);  // two of five epochs
}

}  // namespace
}  // namespace nescio::train
