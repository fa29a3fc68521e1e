#include "bank/join.h"

#include <gmock/gmock.h>

#include "bank/answers.h"
#include "base/half.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class JoinTest : public testing::Test {
 protected:
  static constexpr std::size_t rows = 5;

  struct Made {
    std::string data = "d1";
    AnswersMade answers = {
        .augment = "flip", .seed = 3, .classes = 2, .top = 0, .dtype = "float16"};
    std::vector<std::int64_t> labels = {0, 1, 0, 1, 1};
    bool more = false;  // an array that others do not have
  };

  // Logits (100 number + row, view) of one network.
  Source source(int number, const Made& made) {
    Source out{FeatureBank::open_or_create(folder_ / std::to_string(number)), "t/train"};
    std::vector<ArrayPlan> plans = {{"labels", DType::int64, {}}};
    if (made.more) plans.push_back({"more", DType::float32, {}});
    for (const int view : {0, 1}) {
      plans.push_back({view_array("logits", static_cast<std::size_t>(view)),
                       DType::float16,
                       {2},
                       {{"answers", to_json(made.answers)},
                        {"weights_sha256", std::to_string(number)},
                        {"preprocessing", "p"}}});
    }
    SplitWriter writer(out.bank, "t/train", rows, plans, {{"data_sha256", made.data}});
    writer.write("labels", Array({rows}, made.labels));
    if (made.more) writer.write("more", Array({rows}, std::vector<float>(rows)));
    for (const int view : {0, 1}) {
      std::vector<float> z;
      for (std::size_t r = 0; r < rows; ++r) {
        z.push_back(static_cast<float>(100 * number) + static_cast<float>(r));
        z.push_back(static_cast<float>(view));
      }
      writer.write(view_array("logits", static_cast<std::size_t>(view)),
                   to_float16(Array({rows, 2}, z)));
    }
    writer.set_paths({"a", "b", "c", "d", "e"});
    writer.commit(rows);
    writer.finish();
    return out;
  }

  std::string fault(const std::vector<Source>& sources, std::vector<std::int64_t> from = {}) {
    FeatureBank target = FeatureBank::open_or_create(folder_ / "joined");
    if (from.empty()) from = in_turn(rows, sources.size());
    return io::error_of([&] { join_splits(sources, from, target, "t/train", {}); });
  }

  io::TestFolder folder_;
};

TEST_F(JoinTest, TakesEachRowFromItsSource) {
  const std::vector<Source> sources = {source(0, {}), source(1, {.more = true}), source(2, {})};
  FeatureBank target = FeatureBank::open_or_create(folder_ / "joined");
  const auto left_out = join_splits(sources, in_turn(rows, 3), target, "t/train", {});
  EXPECT_THAT(left_out, ElementsAre("more"));
  const Answers joined(target, "t/train");
  std::vector<float> row(2);
  std::vector<float> found;
  for (std::size_t r = 0; r < rows; ++r) {
    joined.values(r, 1, row);
    found.push_back(row[0]);
    EXPECT_EQ(row[1], 1);
  }
  EXPECT_THAT(found, ElementsAre(0, 101, 202, 3, 104));
  const Array labels = target.array("t/train", "labels");
  EXPECT_THAT(labels.as<std::int64_t>(), ElementsAre(0, 1, 0, 1, 1));
  EXPECT_THAT(target.paths("t/train"), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(target.manifest("t/train").at("inputs").at("data_sha256"), "d1");
}

TEST_F(JoinTest, SaysWhatMadeTheRows) {
  const std::vector<Source> sources = {source(0, {}), source(1, {})};
  FeatureBank target = FeatureBank::open_or_create(folder_ / "joined");
  join_splits(sources, std::vector<std::int64_t>{1, 1, 0, 0, 1}, target, "t/train", {});
  const nlohmann::json inputs = target.inputs("t/train", "logits(view=0)");
  EXPECT_EQ(inputs.at("preprocessing"), "p");
  EXPECT_FALSE(inputs.contains("weights_sha256"));
  EXPECT_EQ(inputs.at("joined").at(1).at("weights_sha256"), "1");
  EXPECT_EQ(Answers(target, "t/train").made()->seed, 3u);
}

TEST_F(JoinTest, RefusesWhatDoesNotGoTogether) {
  const Source first = source(0, {});
  EXPECT_THAT(fault({first, source(1, {.data = "d2"})}),
              HasSubstr("SHA-256 of their data differs"));
  EXPECT_THAT(fault({first, source(2, {.data = "", .labels = {1, 1, 0, 1, 1}})}),
              HasSubstr("their labels differ"));
  Made other;
  other.answers.seed = 4;
  EXPECT_THAT(fault({first, source(3, other)}), HasSubstr("was made as"));
  EXPECT_THAT(fault({first}), HasSubstr("two or more"));
  const Source second = source(4, {});
  EXPECT_THAT(fault({first, second}, {0, 1, 2, 0, 0}),
              HasSubstr("from: row 2 is to come from split 2, expected 0 .. 1"));
  EXPECT_THAT(fault({first, second}, {0, 1}), HasSubstr("for each of 5 rows, found 2"));
}

}  // namespace
}  // namespace nescio::bank
