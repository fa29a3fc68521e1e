// A stream of scores, watched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/rng.h"
#include "io/file.h"
#include "program.h"
#include "running_program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

class MonitorVerbTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world = new TestBank();
    const auto run = [](const std::vector<std::string>& arguments) {
      const Outcome done = nescio_program(arguments);
      ASSERT_EQ(done.code, 0) << done.log;
    };
    run({"fit", "energy", "bank=" + world->bank(), "train=in/train", "out=" + detector()});
    run({"calibrate", detector(), "bank=" + world->bank(), "id=in/test", "keep=0.9"});
    const auto scored =
        nescio_program({"score", detector(), "bank=" + world->bank(), "sets=in/test", "--json"});
    for (const auto& line : lines(scored.out)) scores.push_back(line.at("score"));
  }
  static void TearDownTestSuite() { delete world; }
  static std::string detector() { return world->path("energy"); }

  /// Scores drawn from those of calibration, from row `change` on above all of them.
  static std::string stream(int rows, int change) {
    std::ostringstream out;
    Rng rng(5);
    for (int r = 0; r < rows; ++r) {
      out << (r < change ? scores.at(rng.below(scores.size())) : 1.0 + rng.uniform()) << '\n';
    }
    return out.str();
  }
  /// The program with this on its standard input.
  Outcome monitor(const std::string& input, std::vector<std::string> more) const {
    more.insert(more.begin(), {"monitor", detector(), "--json"});
    RunningProgram program(more);
    program.write(input);
    program.close_input();
    Outcome out;
    for (std::string line; !(line = program.read_line()).empty();) out.out += line + '\n';
    out.code = program.wait();
    return out;
  }
  static std::vector<nlohmann::json> lines(const std::string& out) {
    std::vector<nlohmann::json> all;
    std::istringstream in(out);
    for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  io::TestFolder folder_;
  std::string state_ = (folder_ / "state").string();
  static TestBank* world;
  static std::vector<double> scores;  // of calibration
};
TestBank* MonitorVerbTest::world = nullptr;
std::vector<double> MonitorVerbTest::scores;

TEST_F(MonitorVerbTest, ReadsWhatScoreWrites) {
  const Outcome scored =
      nescio_program({"score", detector(), "bank=" + world->bank(), "sets=in/test", "--json"});
  const Outcome seen = monitor(scored.out, {"window=60", "every=40"});
  EXPECT_EQ(seen.code, 0);
  const auto all = lines(seen.out);
  ASSERT_EQ(all.size(), 3U);  // the last one at the end of the stream
  EXPECT_EQ(all[0].at("row"), 40);
  EXPECT_EQ(all[0].at("window"), 40);
  EXPECT_EQ(all[2].at("row"), 100);
  EXPECT_EQ(all[2].at("window"), 60);
  EXPECT_FALSE(all[2].at("alarm").get<bool>());

  // All rows at once are the calibration rows themselves.
  const auto whole = lines(monitor(scored.out, {"window=100"}).out);
  EXPECT_EQ(whole.at(0).at("ks"), 0);
  EXPECT_EQ(whole.at(0).at("psi"), 0);
  EXPECT_EQ(whole.at(0).at("flagged"), 10);
}

TEST_F(MonitorVerbTest, RaisesItsAlarm) {
  const std::string metrics = (folder_ / "m.prom").string(), page = (folder_ / "p.html").string();
  const Outcome seen =
      monitor(stream(200, 100), {"window=50", "metrics=" + metrics, "page=" + page});
  EXPECT_EQ(seen.code, 0);
  const auto all = lines(seen.out);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_FALSE(all[1].at("alarm").get<bool>());
  EXPECT_TRUE(all[2].at("alarm").get<bool>());
  EXPECT_GT(all[2].at("alarm_row").get<int>(), 100);
  EXPECT_GE(all[2].at("evidence").get<double>(), 100);
  EXPECT_THAT(io::read_text(metrics), HasSubstr("nescio_monitor_alarm{detector=\"energy\"} 1\n"));
  EXPECT_THAT(io::read_text(page), HasSubstr("Alarm at row"));

  const Outcome ended = monitor(stream(200, 100), {"fail_on_alarm=true"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(lines(ended.out).at(0).at("row"), all[2].at("alarm_row"));
}

TEST_F(MonitorVerbTest, GoesOnAsIfItHadNotStopped) {
  const std::string input = stream(300, 200), whole = (folder_ / "whole").string();
  const Outcome once = monitor(input, {"window=40", "every=25", "state=" + whole});
  // Killed in the middle: what came behind the last line is lost, and is sent again.
  RunningProgram killed(
      {"monitor", detector(), "--json", "window=40", "every=25", "state=" + state_});
  killed.write(input.substr(0, input.size() / 2));
  std::string out;
  for (int line = 0; line < 4; ++line) out += killed.read_line() + '\n';
  killed.signal(SIGKILL);
  EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  const std::string metrics = (folder_ / "m.prom").string();
  monitor("", {"window=40", "every=25", "state=" + state_, "metrics=" + metrics});
  const std::string said = io::read_text(metrics);
  const std::string before = "nescio_monitor_rows_total{detector=\"energy\"} ";
  ASSERT_THAT(said, HasSubstr(before));
  const int done = std::atoi(said.c_str() + said.find(before) + before.size());
  EXPECT_EQ(done % 25, 0);
  EXPECT_GE(done, 75);
  std::istringstream rest(input);
  std::string line, again;
  for (int r = 0; std::getline(rest, line); ++r) again += r < done ? "" : line + '\n';
  const Outcome second = monitor(again, {"window=40", "every=25", "state=" + state_});
  EXPECT_EQ(io::read_text(state_), io::read_text(whole));
  const auto all = lines(once.out), tail = lines(second.out);
  ASSERT_EQ(tail.size(), (300U - static_cast<unsigned>(done)) / 25);
  for (std::size_t i = 0; i < tail.size(); ++i) {
    EXPECT_EQ(tail[i], all[all.size() - tail.size() + i]);
  }
}

TEST_F(MonitorVerbTest, CtrlCEndsItWithItsState) {
  RunningProgram program(
      {"monitor", detector(), "--json", "every=10", "window=10", "state=" + state_});
  program.write(stream(15, 100));
  EXPECT_THAT(program.read_line(), HasSubstr("\"row\":10"));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  const Outcome next = monitor("1\n", {"every=10", "window=10", "state=" + state_});
  EXPECT_GT(lines(next.out).at(0).at("row").get<int>(), 10);
}

TEST_F(MonitorVerbTest, OneDoesNotThrowAwayWhatAnotherHasCounted) {
  RunningProgram first({"monitor", detector(), "--json", "window=100", "state=" + state_});
  first.write(stream(50, 50));
  while (!std::filesystem::exists(state_)) std::this_thread::yield();  // it has begun
  ASSERT_EQ(monitor(stream(100, 100), {"window=100", "state=" + state_}).code, 0);
  first.close_input();
  EXPECT_EQ(first.wait(), 1);
  const Outcome third = monitor(stream(100, 100), {"window=100", "state=" + state_});
  EXPECT_EQ(lines(third.out).back().at("row"), 200);
}

TEST_F(MonitorVerbTest, CountsWhatCannotBeRead) {
  const std::string metrics = (folder_ / "m.prom").string();
  const Outcome seen = monitor("1\nword\n{\"score\": null}\n\nnan\n2\n", {"metrics=" + metrics});
  EXPECT_EQ(seen.code, 0);
  EXPECT_EQ(lines(seen.out).at(0).at("row"), 2);
  EXPECT_THAT(io::read_text(metrics),
              HasSubstr("nescio_monitor_unreadable_total{detector=\"energy\"} 3\n"));
  // Of a long line the ends are said.
  EXPECT_LT(monitor(std::string(1'000'000, 'a') + "\n1\n", {}).log.size(), 6000U);
}

TEST_F(MonitorVerbTest, RefusesWhatDoesNotFit) {
  const std::string plain = world->path("plain");
  ASSERT_EQ(
      nescio_program({"fit", "msp", "bank=" + world->bank(), "train=in/train", "out=" + plain})
          .code,
      0);
  expect_refusal(nescio_program({"monitor", plain}), 1, {"not calibrated", "nescio calibrate"});
  expect_refusal(nescio_program({"monitor", detector(), "model=x:y"}), 2, {"model=", "data="});
  expect_refusal(nescio_program({"monitor", detector(), "poll=3"}), 2, {"poll", "data="});
  expect_refusal(nescio_program({"monitor", detector(), "false_alarms=0"}), 2, {"false_alarms"});
  io::write_text(state_, "no state");
  expect_refusal(nescio_program({"monitor", detector(), "state=" + state_}), 1, {state_});
  EXPECT_EQ(io::read_text(state_), "no state");
  EXPECT_EQ(monitor(stream(30, 99), {"state=" + state_, "reset=true"}).code, 0);
  EXPECT_EQ(monitor(stream(30, 99), {"state=" + state_}).code, 0);
  EXPECT_EQ(monitor(stream(30, 99), {"state=" + state_, "window=7"}).code, 1);
}

}  // namespace
}  // namespace nescio
