// Settings chosen on validation rows by the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "io/file.h"
#include "io/json_file.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::Not;

class SweepCommand : public testing::Test {
 protected:
  Outcome evaluate(const std::string& run, std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"evaluate", "bank=" + world_.bank(), "train=in/train", "id=in/test",
                 "near=near/test", "bootstrap=0", "sweep=true", "out=" + world_.path(run)});
    return nescio_program(more);
  }
  std::string written(const std::string& run, const std::string& file) const {
    return io::read_text(world_.folder() / run / file);
  }

  const std::vector<std::string> validation_ = {"val=in/val", "ood_val=far/test"};
  TestBank world_;
};

std::vector<std::string> with(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(SweepCommand, WritesWhatWasTriedAndChosen) {
  const Outcome done =
      evaluate("run", with(validation_, {"detectors=gen,max_logit,knn(k=[3,9]),react+energy"}));
  ASSERT_EQ(done.code, 0) << done.log;
  const auto results = io::read_json(world_.folder() / "run/results.json");
  const auto& sweep = results.at("sweep");
  EXPECT_EQ(sweep.at("val"), "in/val");
  EXPECT_EQ(sweep.at("ood_val"), nlohmann::json::array({"far/test"}));
  EXPECT_THAT(sweep.at("rule").get<std::string>(), HasSubstr("AUROC of in/val against far/test"));
  ASSERT_EQ(sweep.at("detectors").size(), 3U);
  EXPECT_EQ(sweep.at("detectors").at(0).at("tried").size(), 42U);
  EXPECT_EQ(sweep.at("detectors").at(1).at("asked"), "knn(k=[3,9])");
  EXPECT_EQ(results.at("settings").at("sweep"), "true");
  const std::string gen = sweep.at("detectors").at(0).at("chosen");
  EXPECT_EQ(results.at("detectors").at(0), gen);
  EXPECT_EQ(results.at("detectors").at(1), "max_logit");
  for (const auto& row : results.at("rows")) EXPECT_NE(row.at("set"), "far/test");

  EXPECT_THAT(done.out, HasSubstr("Settings were chosen by the AUROC of in/val against far/test"));
  EXPECT_THAT(written("run", "results.md"), HasSubstr("## What was chosen"));
  const std::string report = written("run", "report.html");
  EXPECT_THAT(report, HasSubstr("Which settings were chosen"));
  for (const auto& tried : sweep.at("detectors").at(0).at("tried")) {
    EXPECT_THAT(report, HasSubstr(tried.at("detector").get<std::string>()));
  }
  EXPECT_THAT(written("run", "results.csv"), HasSubstr(gen));
}

TEST_F(SweepCommand, TakesEveryDetector) {
  const Outcome done = evaluate("run", validation_);
  ASSERT_EQ(done.code, 0) << done.log;
  const auto results = io::read_json(world_.folder() / "run/results.json");
  EXPECT_GT(results.at("sweep").at("detectors").size(), 10U);
  for (const auto& swept : results.at("sweep").at("detectors")) {
    EXPECT_GT(swept.at("tried").size() + swept.at("left_out").size(), 1U) << swept.at("asked");
  }
}

TEST_F(SweepCommand, MakesARunLikeAnyOther) {
  ASSERT_EQ(evaluate("swept", with(validation_, {"detectors=gen"})).code, 0);
  ASSERT_EQ(evaluate("again", with(validation_, {"detectors=gen"})).code, 0);
  EXPECT_EQ(written("swept", "results.csv"), written("again", "results.csv"));
  const Outcome compared =
      nescio_program({"compare", "bootstrap=0", "out=" + world_.path("out"),
                      "arms=" + world_.path("swept") + ";" + world_.path("again")});
  EXPECT_EQ(compared.code, 0) << compared.log;
}

TEST_F(SweepCommand, SaysWhereItHasNothingToChooseOn) {
  const Outcome done = evaluate("run", {"val=in/val", "detectors=gen"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.log, HasSubstr("no ood_val= is given: every detector stays at its defaults"));
  const auto results = io::read_json(world_.folder() / "run/results.json");
  EXPECT_FALSE(results.contains("sweep"));
  EXPECT_EQ(results.at("detectors").at(0), "gen");
  EXPECT_THAT(written("run", "report.html"), Not(HasSubstr("Which settings were chosen")));
}

TEST_F(SweepCommand, RefusesWhatCannotBeChosenFairly) {
  const auto refuses = [&](const std::vector<std::string>& more,
                           const std::vector<std::string>& words) {
    expect_refusal(evaluate("run", more), 2, words);
    EXPECT_FALSE(std::filesystem::exists(world_.folder() / "run"));
  };
  refuses({"val=in/val", "ood_val=near/test"}, {"near/test is named as ood_val and as near"});
  refuses({"val=in/test", "ood_val=far/test"}, {"in/test is named as val and as id"});
  refuses({"val=in/val", "detectors=knn(k=[3,9])"}, {"knn(k=[3,9])", "no ood_val= is given"});
  refuses({"val=in/val", "ood_val=in/val"}, {"in/val is named as val and as ood_val"});
  refuses({"val=in/val", "ood_val=in/train"}, {"in/train is named as train and as ood_val"});
  refuses(with(validation_, {"detectors=knn(kk=[3,9])"}), {"unknown parameter 'kk'"});
  expect_refusal(
      nescio_program(with({"evaluate", "bank=" + world_.bank(), "id=in/test", "near=near/test",
                           "sweep=true", "detectors=msp,knn", "out=" + world_.path("run")},
                          validation_)),
      2, {"[knn] cannot be fitted: it is fitted on train, and no train=SET/SPLIT is given"});
  expect_refusal(nescio_program({"evaluate", "id=a.npy", "near=b.npy", "sweep=true",
                                 "out=" + world_.path("run")}),
                 2, {"sweep= need bank="});
}

TEST_F(SweepCommand, IsPartOfABenchmark) {
  io::write_text(world_.folder() / "toy.yaml",
                 "name: toy\n"
                 "sets:\n"
                 "  in/train: noise:uniform\n"
                 "  in/val: noise:uniform\n"
                 "  in/test: noise:uniform\n"
                 "  near/test: noise:uniform\n"
                 "  far/test: noise:uniform\n"
                 "roles: {train: in/train, val: in/val, id: in/test, near: near/test, "
                 "ood_val: far/test}\n");
  const Outcome done =
      nescio_program({"benchmark", world_.path("toy.yaml"), "bank=" + world_.bank(),
                      "out=" + world_.path("run"), "bootstrap=0", "detectors=gen", "sweep=true"});
  ASSERT_EQ(done.code, 0) << done.log;
  const auto results = io::read_json(world_.folder() / "run/results.json");
  EXPECT_EQ(results.at("sweep").at("detectors").at(0).at("tried").size(), 42U);
}

}  // namespace
}  // namespace nescio
