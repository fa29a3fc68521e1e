// A threshold that keeps a promise, and what `score` says with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bank/bank_view.h"
#include "base/text.h"
#include "io/csv.h"
#include "io/file.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

class CalibrateTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world = new TestBank();
    ASSERT_EQ(nescio_program({"fit", "energy", "bank=" + world->bank(), "train=in/train",
                              "out=" + world->path("energy")})
                  .code,
              0);
  }
  static void TearDownTestSuite() { delete world; }

  static std::string detector() { return world->path("energy"); }
  static Outcome calibrate(std::vector<std::string> more) {
    more.insert(more.begin(), {"calibrate", detector(), "bank=" + world->bank(), "id=in/val"});
    return nescio_program(more);
  }
  static Outcome score(std::vector<std::string> more) {
    more.insert(more.begin(), {"score", detector(), "bank=" + world->bank()});
    return nescio_program(more);
  }
  static std::vector<nlohmann::json> lines(const std::string& out) {
    std::vector<nlohmann::json> all;
    std::istringstream in(out);
    for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  static TestBank* world;
};
TestBank* CalibrateTest::world = nullptr;

TEST_F(CalibrateTest, KeepsTheShareAndAnswersWithIt) {
  const Outcome made = calibrate({"keep=0.9", "ood=near/test", "--json"});
  ASSERT_EQ(made.code, 0) << made.log;
  const auto said = nlohmann::json::parse(made.out);
  EXPECT_EQ(said.at("calibration"), "keep-0.9");
  EXPECT_NEAR(said.at("kept").at("share").get<double>(), 0.9, 0.02);
  EXPECT_LT(said.at("kept").at("lower").get<double>(), 0.9);
  EXPECT_GT(said.at("caught").at("share").get<double>(), 0.5);

  const Outcome answered = score({"sets=in/test,near/test", "--json"});
  ASSERT_EQ(answered.code, 0) << answered.log;
  const auto rows = lines(answered.out);
  ASSERT_EQ(rows.size(), 150U);
  EXPECT_EQ(rows[0].at("picture"), "in/test:0");
  EXPECT_EQ(rows[149].at("picture"), "near/test:49");
  int flagged_id = 0, flagged_ood = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(rows[r].at("threshold"), said.at("threshold"));
    EXPECT_EQ(rows[r].at("is_ood").get<bool>(),
              rows[r].at("score").get<double>() > said.at("threshold").get<double>());
    const double p = rows[r].at("p_value").get<double>();
    EXPECT_GT(p, 0);
    EXPECT_LE(p, 1);
    (r < 100 ? flagged_id : flagged_ood) += rows[r].at("is_ood").get<bool>();
    EXPECT_LT(rows[r].at("class").get<int>(), 4);
  }
  EXPECT_LT(flagged_id, 30);
  EXPECT_GT(flagged_ood, 25);

  // The same as a table of a spreadsheet, and what is flagged is the exit status on wish.
  const Outcome csv = score({"sets=near/test", "format=csv"});
  ASSERT_EQ(csv.code, 0) << csv.log;
  const auto cells = io::parse_csv(csv.out, "answers");
  ASSERT_EQ(cells.size(), 51U);
  EXPECT_EQ(cells[0], (std::vector<std::string>{"picture", "class", "class_name", "score",
                                                "threshold", "is_ood", "p_value"}));
  EXPECT_EQ(cells[1][3], format_number(rows[100].at("score").get<double>()));
  EXPECT_EQ(score({"sets=near/test", "fail_on_ood=true"}).code, 3);
  EXPECT_EQ(score({"sets=near/test", "fail_on_ood=true", "threshold=1e9"}).code, 0);
}

TEST_F(CalibrateTest, TellsTheThresholdOfEachClass) {
  const Outcome made =
      calibrate({"keep=0.8", "per_class=true", "class_rows=10", "active=false", "--json"});
  ASSERT_EQ(made.code, 0) << made.log;
  const auto said = nlohmann::json::parse(made.out);
  std::map<int, double> thresholds;
  for (const auto& own : said.at("classes")) {
    EXPECT_GT(own.at("kept").at("rows").get<int>(), 0);
    EXPECT_GE(own.at("kept").at("share").get<double>(), 0.8);
    thresholds[own.at("class").get<int>()] = own.at("threshold").get<double>();
  }
  ASSERT_EQ(thresholds.size(), 4U);
  EXPECT_THAT(made.log, testing::Not(HasSubstr("share the threshold")));
  EXPECT_THAT(
      calibrate({"keep=0.8", "per_class=true", "class_rows=1000", "active=false", "as=rare"}).log,
      HasSubstr("4 of 4 classes have fewer than 1000 rows each and share the threshold of "
                "all"));
  const std::string name = said.at("calibration");
  EXPECT_EQ(name, "keep-0.8-per_class");  // beside that of keep=0.8 alone
  for (const auto& row : lines(score({"sets=in/test", "--json", "calibration=" + name}).out)) {
    if (const auto own = thresholds.find(row.at("class").get<int>()); own != thresholds.end()) {
      EXPECT_EQ(row.at("threshold"), own->second);
    }
  }
}

TEST_F(CalibrateTest, StoresSeveralByName) {
  ASSERT_EQ(calibrate({"keep=0.9"}).code, 0);
  ASSERT_EQ(calibrate({"ood=near/test", "catch=0.8", "as=caught", "active=false"}).code, 0);
  ASSERT_EQ(calibrate({"threshold=-2.5", "active=false"}).code, 0);
  const auto threshold = [&](const std::string& name) {
    const auto answers = lines(score({"sets=near/test", "--json", "calibration=" + name}).out);
    int flagged = 0;
    for (const auto& row : answers) flagged += row.at("is_ood").get<bool>();
    return std::pair(answers.at(0).at("threshold").get<double>(), flagged);
  };
  EXPECT_EQ(threshold("threshold--2.5").first, -2.5);
  EXPECT_EQ(threshold("caught").second, 40);
  EXPECT_NE(threshold("keep-0.9").first, threshold("caught").first);
  EXPECT_EQ(lines(score({"sets=near/test", "--json"}).out).at(0).at("threshold"),
            threshold("keep-0.9").first);
  expect_refusal(score({"sets=near/test", "calibration=keep-0.8"}), 1,
                 {"no calibration 'keep-0.8'", "Did you mean 'keep-0.9'?"});
}

TEST_F(CalibrateTest, FlagsABatchByItsFalseDiscoveries) {
  ASSERT_EQ(calibrate({"keep=0.95"}).code, 0);
  const auto flagged = [&](const char* sets) {
    int count = 0;
    for (const auto& row : lines(score({std::string("sets=") + sets, "--json", "fdr=0.2"}).out)) {
      EXPECT_FALSE(row.contains("threshold"));
      count += row.at("is_ood").get<bool>();
    }
    return count;
  };
  EXPECT_LT(flagged("in/test"), 15);
  EXPECT_GT(flagged("near/test"), 20);
}

// Features and logits in files are rows like others.
TEST_F(CalibrateTest, ScoresFiles) {
  ASSERT_EQ(calibrate({"keep=0.9"}).code, 0);
  const auto of_bank = lines(score({"sets=near/test", "--json"}).out);
  const bank::BankViews views(bank::FeatureBank::open(world->bank()));
  io::write_npy(world->folder() / "Z.npy", views.at("near/test").array("logits"));
  const Outcome of_file =
      nescio_program({"score", detector(), "logits=" + world->path("Z.npy"), "--json"});
  ASSERT_EQ(of_file.code, 0) << of_file.log;
  const auto rows = lines(of_file.out);
  ASSERT_EQ(rows.size(), of_bank.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const char* key : {"score", "class", "is_ood", "p_value"}) {
      EXPECT_EQ(rows[r].at(key), of_bank[r].at(key)) << key;
    }
  }
  io::write_npy(world->folder() / "one.npy", views.at("near/test").array("logits").slice(0, 1));
  const Outcome one = nescio_program({"score", detector(), "logits=" + world->path("one.npy")});
  EXPECT_THAT(one.out, HasSubstr("the threshold"));
  EXPECT_THAT(one.out, HasSubstr("p-value"));
  io::write_npy(world->folder() / "H.npy", views.at("near/test").array("features"));
  const std::string features = "features=" + world->path("H.npy");
  expect_refusal(nescio_program({"score", detector(), features}), 1,
                 {"needs logits, which " + world->path("H.npy") + " has not"});
  // The detector's own head says which class it is.
  const std::string by_head = world->path("by_head");
  ASSERT_EQ(nescio_program({"fit", "react(q=0.9,fit_on=train)+energy", "bank=" + world->bank(),
                            "train=in/train", "out=" + by_head})
                .code,
            0);
  ASSERT_EQ(nescio_program({"calibrate", by_head, "bank=" + world->bank(), "id=in/val",
                            "per_class=true", "class_rows=10"})
                .code,
            0);
  const Outcome followed = nescio_program({"score", by_head, features, "--json"});
  ASSERT_EQ(followed.code, 0) << followed.log;
  EXPECT_EQ(
      followed.out,
      nescio_program({"score", by_head, features, "logits=" + world->path("Z.npy"), "--json"}).out);
}

TEST_F(CalibrateTest, RefusesWhatCannotBePromised) {
  expect_refusal(calibrate({"keep=0.999", "guarantee=true"}), 1, {"that takes 2995"});
  expect_refusal(calibrate({"keep=0.9", "catch=0.5"}), 2, {"one of keep=, catch= and threshold="});
  expect_refusal(calibrate({"catch=0.5"}), 2, {"ood=SET/SPLIT"});
  expect_refusal(calibrate({"keep=1"}), 2, {"keep"});
  expect_refusal(calibrate({"as=a/b"}), 2, {"letters, digits"});
  expect_refusal(calibrate({"ood=no/where"}), 1, {"no/where"});
  expect_refusal(score({"sets=in/test", "bank=x", "threshold=1"}), 2, {"bank"});
  expect_refusal(nescio_program({"score", detector()}), 2, {"model= and data=", "bank= and sets="});
  ASSERT_EQ(
      nescio_program({"fit", "msp", "bank=" + world->bank(), "out=" + world->path("msp")}).code, 0);
  expect_refusal(nescio_program({"score", world->path("msp"), "bank=" + world->bank(),
                                 "sets=in/test", "fdr=0.1"}),
                 1, {"not calibrated"});
  expect_refusal(nescio_program({"score", world->path("msp"), "bank=" + world->bank(),
                                 "sets=in/test", "fail_on_ood=true"}),
                 2, {"threshold="});
  // Rows that it was fitted on are not new to it.
  ASSERT_EQ(nescio_program({"fit", "knn(k=1)", "bank=" + world->bank(), "train=in/train",
                            "out=" + world->path("knn1")})
                .code,
            0);
  const Outcome known =
      nescio_program({"calibrate", world->path("knn1"), "bank=" + world->bank(), "id=in/train"});
  EXPECT_EQ(known.code, 0);
  EXPECT_THAT(known.log, HasSubstr("was fitted on in/train"));
}

}  // namespace
}  // namespace nescio
