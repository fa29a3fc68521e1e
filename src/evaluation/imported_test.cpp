#include "evaluation/imported.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluation/evaluate.h"
#include "io/test_folder.h"

namespace nescio::evaluation {
namespace {

using testing::HasSubstr;

TEST(Imported, IsASpec) {
  EXPECT_EQ(imported_name("imported( name = msp )"), "msp");
  EXPECT_EQ(imported_name(imported_spec("a-b.c")), "a-b.c");
  EXPECT_EQ(imported_name("energy(T=1)"), std::nullopt);
  EXPECT_EQ(imported_array("msp"), "score_msp");
  for (const char* wrong : {"imported", "imported(msp)", "imported(name=[a,b])", "imported(nam=a)",
                            "imported(name=a)+energy"}) {
    EXPECT_THAT(io::error_of([&] { imported_name(wrong); }),
                HasSubstr("expected imported(name=NAME)"));
  }
}

class ImportedScores : public testing::Test {
 protected:
  void write(const std::string& split, const std::vector<float>& scores,
             const std::vector<std::int64_t>& predictions) {
    bank::SplitWriter writer(bank_, split, scores.size(),
                             {{"score_msp", DType::float32, {}},
                              {"labels", DType::int64, {}},
                              {predictions_array, DType::int64, {}}},
                             {});
    const std::vector<std::int64_t> labels(scores.size(), 1);
    writer.write("score_msp", Array({scores.size()}, scores));
    writer.write("labels", Array({scores.size()}, labels));
    writer.write(predictions_array, Array({scores.size()}, predictions));
    writer.commit(scores.size());
    writer.finish();
  }
  Results results(const std::string& spec, const expr::Executor& executor) {
    EvaluationSettings settings{
        .detectors = {spec}, .executor = executor, .intervals = {.resamples = 0}};
    return evaluate(bank_, {.id = "a/test", .near = {"b/test"}}, settings);
  }

  io::TestFolder folder_;
  bank::FeatureBank bank_ = bank::FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(ImportedScores, AreMeasuredWithoutLogits) {
  write("a/test", {0, 1, 2, 3}, {1, 1, 0, 1});
  write("b/test", {2, 5}, {0, 0});
  for (const expr::Executor& executor : {expr::Executor::cpu, expr::Executor::reference}) {
    const Results got = results("imported(name=msp)", executor);
    EXPECT_THAT(got.detectors, testing::ElementsAre("imported(name=msp)"));
    std::map<std::string, double> value;
    for (const ResultRow& row : got.rows) value[row.set + " " + row.metric] = row.value;
    EXPECT_EQ(value.at("b/test auroc"), 6.5 / 8);  // pairs by hand, a tie counts half
    EXPECT_EQ(value.at("a/test id_accuracy"), 0.75);
  }
}

TEST_F(ImportedScores, KeepTheirDigits) {
  const auto write_doubles = [&](const std::string& split, std::vector<double> scores) {
    const Shape rows{scores.size()};
    bank::SplitWriter writer(bank_, split, rows[0], {{"score_x", DType::float64, {}}}, {});
    writer.write("score_x", Array(rows, std::move(scores)));
    writer.commit(rows[0]);
    writer.finish();
  };
  // Equal, or beyond the range, as float32.
  for (const auto& [low, high] : {std::pair{1e9, 1e9 + 1e-6},
                                  {1 - 1e-12, 1.0},
                                  {1e-300, 2e-300},
                                  {5e-324, 1e-323},
                                  {-1e300, 1e300},
                                  {1.7e308, 1.75e308}}) {
    write_doubles("a/test", {low, low, high});
    write_doubles("b/test", {high, high});
    for (const expr::Executor& executor : {expr::Executor::cpu, expr::Executor::reference}) {
      EvaluationSettings settings{
          .detectors = {"imported(name=x)"}, .executor = executor, .intervals = {.resamples = 9}};
      std::vector<double> kept;
      const auto keep = [&](const std::string&, const std::string&, const Array& scores) {
        const Array wide = scores.to_float64();
        kept.insert(kept.end(), wide.as<double>().begin(), wide.as<double>().end());
      };
      const Results got = evaluate(bank_, {.id = "a/test", .near = {"b/test"}}, settings, {}, keep);
      EXPECT_EQ(got.rows.front().metric, "auroc");
      EXPECT_EQ(got.rows.front().value, 5.0 / 6) << low;
      EXPECT_EQ(kept, (std::vector<double>{low, low, high, high, high}));
    }
  }
}

TEST_F(ImportedScores, MustBeThere) {
  write("a/test", {0, 1}, {1, 1});
  write("b/test", {2, 5}, {0, 0});
  EXPECT_THAT(io::error_of([&] { results("imported(name=vim)", expr::Executor::cpu); }),
              HasSubstr("a/test has no score_vim"));
}

}  // namespace
}  // namespace nescio::evaluation
