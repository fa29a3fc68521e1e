#include "monitoring/saved_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "io/test_folder.h"

namespace nescio::monitoring {
namespace {

using calibration::Calibration;
using testing::HasSubstr;

class SavedMonitorTest : public testing::Test {
 protected:
  static Calibration calibrated(float first = 0) {
    Rng rng(1);
    std::vector<float> scores = {first};
    for (int i = 0; i < 200; ++i) scores.push_back(static_cast<float>(rng.normal()));
    return Calibration({.promise = {.share = 0.9}}, {scores});
  }
  /// Rows first .. last - 1 of a stream that changes at row 150.
  static void read(Monitor& monitor, int first, int last) {
    for (int r = first; r < last; ++r) {
      Rng rng(2, static_cast<std::uint64_t>(r));
      monitor.add(rng.normal() + (r < 150 ? 0 : 2));
      if (r % 17 == 0) monitor.add_unreadable();
      if (monitor.is_due()) monitor.record();
    }
  }
  std::string refusal(const MonitorSettings& settings, const Calibration& calibration) {
    Monitor monitor(calibration, settings);
    return io::error_of([&] { load_monitor(monitor, path_); });
  }

  io::TestFolder folder_;
  std::filesystem::path path_ = folder_ / "monitor.state";
  Calibration calibration_ = calibrated();
  MonitorSettings settings_ = {.window = 40, .every = 30};
};

// Stopped anywhere, before, at and behind the alarm, the rest gives the same bits as the whole.
TEST_F(SavedMonitorTest, GoesOnAsIfItHadNotStopped) {
  Monitor whole(calibration_, settings_);
  read(whole, 0, 300);
  ASSERT_TRUE(whole.test().alarm());
  save_monitor(whole, {1, 2, 3}, folder_ / "whole");
  for (const int stop : {0, 1, 29, 30, 149, static_cast<int>(*whole.alarm_row()), 299}) {
    Monitor first(calibration_, settings_), rest(calibration_, settings_);
    read(first, 0, stop);
    save_monitor(first, {5}, path_);
    EXPECT_EQ(load_monitor(rest, path_), SeenNames{5});
    read(rest, stop, 300);
    save_monitor(rest, {1, 2, 3}, path_);
    EXPECT_EQ(io::read_text(path_), io::read_text(folder_ / "whole")) << stop;
  }
}

TEST_F(SavedMonitorTest, IsOfOneCalibrationAndItsSettings) {
  Monitor monitor(calibration_, settings_);
  read(monitor, 0, 50);
  save_monitor(monitor, {}, path_);
  EXPECT_EQ(refusal(settings_, calibration_), "");
  EXPECT_THAT(refusal(settings_, calibrated(1)), HasSubstr("calibration_sha256"));
  EXPECT_THAT(refusal({.window = 41, .every = 30}, calibration_), HasSubstr("window 40, not 41"));
  EXPECT_THAT(refusal({.window = 40, .every = 30, .false_alarms = 0.5}, calibration_),
              HasSubstr("false_alarms 0.01, not 0.5"));
  EXPECT_THAT(refusal({.window = 40, .every = 30, .seed = 4}, calibration_),
              HasSubstr("seed 0, not 4"));
}

TEST_F(SavedMonitorTest, RefusesDamage) {
  Monitor monitor(calibration_, settings_);
  read(monitor, 0, 50);
  save_monitor(monitor, {7}, path_);
  const std::string good = io::read_text(path_);
  for (std::size_t at = 0; at < good.size(); at += 37) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    folder_.file("monitor.state", bad);
    EXPECT_NE(refusal(settings_, calibration_), "") << at;
  }
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{5}, good.size() / 2, good.size() - 1}) {
    folder_.file("monitor.state", good.substr(0, length));
    EXPECT_NE(refusal(settings_, calibration_), "") << length;
  }
  io::write_safetensors(path_, {}, {});
  EXPECT_THAT(refusal(settings_, calibration_), HasSubstr("no state of a monitor"));
}

// What a file may hold whose hash is right all the same.
TEST_F(SavedMonitorTest, RefusesNumbersThatCannotBe) {
  Monitor monitor(calibration_, settings_);
  read(monitor, 0, 50);
  save_monitor(monitor, {7}, path_);
  const io::Safetensors good = io::read_safetensors(path_);
  const auto said = [&](const std::string& name, const Array& array) {
    io::Safetensors changed = good;
    changed.tensors[name] = array;
    Monitor other(calibration_, settings_);
    return io::error_of([&] { parse_monitor(other, changed, "state"); });
  };
  EXPECT_EQ(said("seen", good.tensors.at("seen")), "");
  io::Safetensors of_none = good;
  of_none.metadata["monitor"] = R"({"format": 1, "of": 7})";
  EXPECT_THAT(io::error_of([&] { parse_monitor(monitor, of_none, "state"); }),
              HasSubstr("state: is the state of a monitor with"));
  std::vector<std::uint8_t> flags(40);
  flags[0] = 2;
  EXPECT_THAT(said("flags", Array({40}, flags)), HasSubstr("contradict each other"));
  std::vector<std::int64_t> gaps(202);
  gaps[0] = gaps[1] = gaps[2] = std::int64_t{1} << 62;
  EXPECT_THAT(said("gaps", Array({202}, gaps)), HasSubstr("contradict each other"));
  for (const double count : {-1.0, 0.5, 1e300, std::nan(""), HUGE_VAL}) {
    std::vector<double> report(10);
    report[1] = count;
    EXPECT_THAT(said("history", Array({1, 10}, report)), HasSubstr("no counts")) << count;
  }
}

}  // namespace
}  // namespace nescio::monitoring
