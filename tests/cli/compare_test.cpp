// Runs put side by side, as a user does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "io/json_file.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

/// Two evaluations of one bank, which a comparison must find equal.
class CompareTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"one", "two"}) {
      const Outcome done = nescio_program(
          {"evaluate", "bank=" + world_.bank(), "train=in/train", "id=in/test", "near=near/test",
           "far=far/test", "bootstrap=0", "detectors=msp,knn(k=3)", "out=" + path(name)});
      ASSERT_EQ(done.code, 0) << done.log;
    }
  }
  std::string path(const std::string& name) const { return world_.path(name); }
  Outcome compare(std::vector<std::string> words) const {
    words.insert(words.begin(), {"compare", "bootstrap=20", "out=" + path("out")});
    return nescio_program(words);
  }

  TestBank world_;
};

TEST_F(CompareTest, WritesTheDifferenceOfRuns) {
  const Outcome done = compare({"arms=first=" + path("one") + ";" + path("two")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.out, HasSubstr("knn(k=3): auroc in per cent (higher is better), differences to "
                                  "first"));
  EXPECT_THAT(done.log, HasSubstr("the page is " + path("out/comparison.html")));
  const auto json = io::read_json(world_.folder() / "out/comparison.json");
  EXPECT_EQ(json.at("arms").at(1).at("name"), "two");
  EXPECT_EQ(json.at("settings").at("bootstrap"), "20");
  ASSERT_EQ(json.at("rows").size(), 2U * 2U * 21U);
  for (const auto& row : json.at("rows")) {
    if (row.at("arm") == "first") continue;
    EXPECT_EQ(row.at("difference").at("value"), 0);
    EXPECT_EQ(row.at("difference").at("over_rows"), nlohmann::json({0, 0}));
  }
  EXPECT_THAT(io::read_text(world_.folder() / "out/comparison.md"), HasSubstr("Over rows"));
}

TEST_F(CompareTest, ComparesDetectorsThatTheRunsHadNot) {
  const Outcome done = compare(
      {"arms=" + path("one") + "," + path("two"), "detectors=energy", "baseline=two", "--json"});
  ASSERT_EQ(done.code, 0) << done.log;
  const auto json = io::parse_json(done.out, "stdout");
  EXPECT_EQ(json.at("detectors"), nlohmann::json({"energy"}));
  EXPECT_EQ(json.at("baseline"), "two");
}

TEST_F(CompareTest, OfOneRunPutsItsDetectorsSideBySide) {
  const Outcome done =
      compare({"arms=" + path("one"), "detectors=msp,knn(k=3),energy", "baseline=energy"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.out, HasSubstr("one: auroc in per cent (higher is better), differences to "
                                  "energy"));
  const auto json = io::read_json(world_.folder() / "out/comparison.json");
  EXPECT_EQ(json.at("baseline"), "energy");
  ASSERT_EQ(json.at("rows").size(), 3U * 2U * 2U * 5U);
  std::map<std::string, double> auroc;
  for (const auto& row : json.at("rows")) {
    EXPECT_EQ(row.at("arm"), "one");
    EXPECT_EQ(row.at("difference").is_null(), row.at("detector") == "energy");
    if (row.at("metric") != "auroc" || row.at("set") != "near/test") continue;
    auroc[row.at("detector")] = row.at("mean");
  }
  for (const auto& row : json.at("rows")) {
    if (row.at("metric") != "auroc" || row.at("set") != "near/test") continue;
    if (row.at("difference").is_null()) continue;
    EXPECT_NEAR(row.at("difference").at("value").get<double>(),
                auroc.at(row.at("detector")) - auroc.at("energy"), 1e-12);
    EXPECT_EQ(row.at("difference").at("over_rows").size(), 2U);
  }
  EXPECT_THAT(io::read_text(world_.folder() / "out/comparison.html"),
              HasSubstr("3 detectors side by side"));
  EXPECT_EQ(compare({"arms=" + path("one"), "detectors=msp,knn", "baseline=energy"}).code, 2);
  const Outcome alone = compare({"arms=" + path("one"), "detectors=msp"});
  EXPECT_EQ(alone.code, 1);
  EXPECT_THAT(alone.log, HasSubstr("expected at least two detectors to compare, found msp"));
}

// Full-spectrum runs: what is shifted counts as ID there and when they are opened again.
TEST_F(CompareTest, OfTheFullSpectrum) {
  const Outcome done = nescio_program(
      {"evaluate", "bank=" + world_.bank(), "train=in/train", "id=in/test", "shifted=in/val",
       "far=far/test", "bootstrap=0", "detectors=msp,knn(k=3)", "out=" + path("full")});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_THAT(done.out, HasSubstr("id: in/test+in/val ("));
  const auto results = io::read_json(world_.folder() / "full/results.json");
  EXPECT_EQ(results.at("roles").at("shifted"), nlohmann::json({"in/val"}));
  EXPECT_THAT(io::read_text(world_.folder() / "full/report.html"), HasSubstr("in/test+in/val"));
  ASSERT_EQ(compare({"arms=" + path("full")}).code, 0);
  const auto json = io::read_json(world_.folder() / "out/comparison.json");
  EXPECT_EQ(json.at("sets").at(0).at("name"), "in/test+in/val");
  for (const auto& row : json.at("rows")) {
    for (const auto& measured : results.at("rows")) {
      if (measured.at("detector") == row.at("detector") && measured.at("set") == row.at("set") &&
          measured.at("metric") == row.at("metric")) {
        EXPECT_EQ(measured.at("value"), row.at("mean"));
      }
    }
  }
  EXPECT_THAT(compare({"arms=" + path("full") + "," + path("one")}).log,
              HasSubstr("only runs on the same sets can be compared"));
}

// Folders are called after settings, as run/lr=0.1: what is behind the sign is no folder.
TEST_F(CompareTest, TakesFoldersWithAnEqualsSign) {
  for (const char* name : {"one", "two"}) {
    std::filesystem::rename(path(name), path(std::string("lr=") + name));
  }
  const std::string first = path("lr=one"), second = path("lr=two");
  const auto arms = [&](const std::string& words) {
    const Outcome done = compare({words, "--json"});
    EXPECT_EQ(done.code, 0) << done.log;
    std::vector<std::string> names;
    const auto json = io::parse_json(done.out, "stdout");
    for (const auto& arm : json.at("arms")) {
      names.push_back(arm.at("name"));
    }
    return names;
  };
  EXPECT_EQ(arms("arms=" + first + "," + second), (std::vector<std::string>{"lr=one", "lr=two"}));
  EXPECT_EQ(arms("arms=a=" + first + ";b=" + second), (std::vector<std::string>{"a", "b"}));
  const Outcome none = compare({"arms=a=;b=" + second});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.log, HasSubstr("'a=' names no run"));
}

TEST_F(CompareTest, RefusesWhatIsNoRun) {
  const auto both = [&](const std::string& other) { return "arms=" + path("one") + "," + other; };
  EXPECT_EQ(compare({"arms="}).code, 2);
  EXPECT_EQ(compare({both(path("one"))}).code, 2);
  EXPECT_THAT(compare({both(path("two")), "baseline=tow"}).log,
              HasSubstr("no arm is called 'tow'. Did you mean 'two'?"));
  EXPECT_THAT(compare({both(path("nowhere"))}).log, HasSubstr("found no results.json in it"));
  const auto write = [&](const std::string& words) {
    io::write_text(world_.folder() / "two/results.json", words);
    return compare({both(path("two"))}).log;
  };
  EXPECT_THAT(write("{\"roles\": 1}"), HasSubstr("expected the results of an evaluation"));
  EXPECT_THAT(write("{}"), HasSubstr("it does not say which split plays which role"));
  auto results = io::read_json(world_.folder() / "one/results.json");
  results["bank"]["splits"]["in/test"]["logits"]["sha256"] = "another";
  EXPECT_THAT(write(results.dump()), HasSubstr("the logits of in/test in its bank"));
}

}  // namespace
}  // namespace nescio
