#include "evaluation/imported.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluation/evaluate.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

using testing::HasSubstr;

TEST(Imported, IsASpec) {
  EXPECT_EQ(imported_name("imported( name = msp )"), "msp");
  EXPECT_EQ(imported_name(imported_spec("a-b.c")), "a-b.c");
  EXPECT_EQ(imported_name("energy(T=1)"), std::nullopt);
  EXPECT_EQ(imported_array("msp"), "score_msp");
  for (const char* wrong : {"imported", "imported(msp)", "imported(name=[a,b])", "imported(nam=a)",
                            "imported(name=a)+energy"}) {
    EXPECT_THAT(error_of([&] { imported_name(wrong); }), HasSubstr("expected imported(name=NAME)"));
  }
}

class ImportedScores : public testing::Test {
 protected:
  void write(const std::string& split, const std::vector<float>& scores,
             const std::vector<std::int64_t>& predictions) {
    SplitWriter writer(bank_, split, scores.size(),
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
  Results results(const std::string& spec, Executor executor) {
    EvaluationSettings settings{
        .detectors = {spec}, .executor = executor, .intervals = {.resamples = 0}};
    return evaluate(bank_, {.id = "a/test", .near = {"b/test"}}, settings);
  }

  TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(ImportedScores, AreMeasuredWithoutLogits) {
  write("a/test", {0, 1, 2, 3}, {1, 1, 0, 1});
  write("b/test", {2, 5}, {0, 0});
  for (const Executor executor : {Executor::cpu, Executor::reference}) {
    const Results got = results("imported(name=msp)", executor);
    EXPECT_THAT(got.detectors, testing::ElementsAre("imported(name=msp)"));
    std::map<std::string, double> value;
    for (const ResultRow& row : got.rows) value[row.set + " " + row.metric] = row.value;
    EXPECT_EQ(value.at("b/test auroc"), 6.5 / 8);  // pairs by hand, a tie counts half
    EXPECT_EQ(value.at("a/test id_accuracy"), 0.75);
  }
}

TEST_F(ImportedScores, MustBeThere) {
  write("a/test", {0, 1}, {1, 1});
  write("b/test", {2, 5}, {0, 0});
  EXPECT_THAT(error_of([&] { results("imported(name=vim)", Executor::cpu); }),
              HasSubstr("a/test has no score_vim"));
}

}  // namespace
}  // namespace nescio
