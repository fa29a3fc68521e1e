// nescio trace: the checkpoints of a run side by side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/csv.h"
#include "io/json_file.h"
#include "program.h"
#include "train/test_run.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Trace : public testing::Test {
 protected:
  void SetUp() override {
    if (nescio_program({"list", "methods"}).code != 0) GTEST_SKIP() << "this build has no libtorch";
    folder_.file("toy.yaml",
                 "name: toy\n"
                 "sets:\n"
                 "  in/test: " +
                     task_.spec("val") +
                     "\n"
                     "  near/test: 'noise:gaussian?count=30&side=32&seed=1'\n"
                     "  far/test: 'noise:uniform?count=20&side=32&seed=2'\n"
                     "  far/val: 'noise:uniform?count=20&side=32&seed=3'\n"
                     "roles: {id: in/test, near: near/test, far: far/test, ood_val: far/val}\n");
  }

  void train(const std::string& keep, const std::string& model = "resnet8",
             const std::string& optimiser = "sgd") {
    const Outcome done = nescio_program({"train", "model=" + model, "optimiser=" + optimiser,
                                         "data=" + task_.spec("train"), "batch=8", "steps=12",
                                         "lr=0.02", "keep_checkpoints=" + keep, "device=cpu",
                                         "threads=1", "out=" + path("run")});
    ASSERT_EQ(done.code, 0) << done.log;
  }

  Outcome trace(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {
        "trace",        path("run"), "protocol=" + path("toy.yaml"), "out=" + path("traced"),
        "bootstrap=50", "threads=1"};
    words.insert(words.end(), more.begin(), more.end());
    return nescio_program(words);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  train::TinyTask task_;
  io::TestFolder folder_;
};

TEST_F(Trace, MeasuresEveryCheckpointAndGoesOnWhereItStopped) {
  train("every(2)");
  const Outcome done = trace();
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.out, HasSubstr("energy"));
  const auto json = io::read_json(path("traced/trace.json"));
  EXPECT_EQ(json.at("checkpoints").size(), 6u);
  EXPECT_EQ(json.at("late"), 3);
  EXPECT_EQ(json.at("test"), nlohmann::json({"near/test", "far/test"}));
  EXPECT_EQ(json.at("validation"), nlohmann::json({"far/val"}));
  EXPECT_TRUE(fs::exists(path("traced/trace.html")));
  EXPECT_FALSE(fs::exists(path("traced/scores/bank")));
  // Of each checkpoint loss and accuracy of two sets, two metrics of two detectors on three sets.
  const auto rows = io::parse_csv(io::read_text(path("traced/trace.csv")), "trace.csv");
  EXPECT_EQ(rows.size(), 1 + 6u * (4 + 2 * 2 * 3));

  // The last checkpoint alone is measured again, to the same bits.
  const std::string first = path("traced/scores/step-000000000002.safetensors");
  const std::string last = path("traced/scores/step-000000000012.safetensors");
  const std::string was = io::read_text(last);
  const auto written = fs::last_write_time(first);
  io::write_text(last, was.substr(0, was.size() / 2));
  const Outcome again = trace();
  ASSERT_EQ(again.code, 0) << again.log;
  EXPECT_EQ(io::read_text(last), was);
  EXPECT_EQ(fs::last_write_time(first), written);
  EXPECT_EQ(again.out, done.out);
  // With fewer pictures none of them is as it was.
  ASSERT_EQ(trace({"limit=5"}).code, 0);
  EXPECT_NE(fs::last_write_time(first), written);
}

/// Whose checkpoints hold three sets of tensors of the same names and shapes: a network without buffers.
TEST_F(Trace, TakesTheWeightsAmongTheOptimisersNumbers) {
  train("every(4)", "vit_t4_32(width=24,depth=1,heads=2)", "adamw");
  const Outcome done = trace();
  EXPECT_EQ(done.code, 0) << done.log;
}

TEST_F(Trace, AgreesWithBenchmark) {
  train("every(4)");
  ASSERT_EQ(trace().code, 0);
  const std::string weights = path("run/checkpoints/step-000000000008.safetensors");
  const Outcome done =
      nescio_program({"benchmark", path("toy.yaml"), "model=resnet8:" + weights, "out=" + path("b"),
                      "detectors=msp", "bootstrap=0", "train=none", "ood_val=none", "threads=1"});
  ASSERT_EQ(done.code, 0) << done.log;
  const auto traced = io::parse_csv(io::read_text(path("traced/trace.csv")), "trace.csv");
  std::size_t compared = 0;
  const auto results = io::read_json(path("b/results.json"));
  for (const auto& row : results.at("rows")) {
    for (const auto& t : traced) {
      if (t[0] != "8" || t[1] != "msp" || t[2] != row.at("set").get<std::string>() ||
          t[4] != row.at("metric").get<std::string>())
        continue;
      EXPECT_NEAR(std::stod(t[5]), row.at("value").get<double>(), 1e-12) << t[2] << ' ' << t[4];
      ++compared;
    }
  }
  EXPECT_EQ(compared, 4u);
}

TEST_F(Trace, SaysWhatIsMissing) {
  EXPECT_THAT(trace().log, HasSubstr("expected the folder of a run of `nescio train`"));
  train("2");
  const Outcome two = trace();
  EXPECT_EQ(two.code, 1);
  EXPECT_THAT(two.log, HasSubstr("found 1; train with keep_checkpoints=every(N)"));
  EXPECT_FALSE(fs::exists(path("traced")));
  expect_refusal(
      nescio_program({"trace", path("run"), "protocol=" + path("toy.yaml"), "out=" + path("run")}),
      2, {"the folder of the run is the run's"});
  EXPECT_TRUE(fs::exists(path("run/checkpoints/step-000000000012.safetensors")));
  EXPECT_THAT(trace({"ood_val=none"}).log, HasSubstr("has no ood_val"));
  EXPECT_THAT(trace({"detectors=all"}).log, HasSubstr("found all"));
  EXPECT_THAT(trace({"choose=oscr"}).log, HasSubstr("choose=oscr"));
}

}  // namespace
}  // namespace nescio
