#include "monitoring/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::monitoring {
namespace {

using calibration::Calibration;

std::vector<float> normal_scores(std::size_t rows, Rng& rng, double shift = 0) {
  std::vector<float> out(rows);
  for (float& score : out) score = static_cast<float>(rng.normal() + shift);
  return out;
}

Calibration calibrated(std::size_t rows, Rng& rng) {
  return Calibration({.promise = {.share = 0.9}}, {normal_scores(rows, rng)});
}

/// The row of the alarm in `rows` rows, of which those from `change` on are shifted; 0: none.
std::uint64_t alarm_at(std::uint64_t seed, double budget, std::size_t calibration_rows, int rows,
                       int change = 1 << 30, double shift = 0) {
  Rng rng(seed, 1);
  const auto calibration = normal_scores(calibration_rows, rng);
  StreamPValues p(calibration, seed);
  BettingMartingale test(budget);
  for (int r = 0; r < rows; ++r) {
    test.bet(p.next(static_cast<float>(rng.normal() + (r >= change ? shift : 0))));
    if (test.alarm()) return static_cast<std::uint64_t>(r) + 1;
  }
  return 0;
}

// The promise: while calibration rows and stream are exchangeable, at most the budget of streams ever has an alarm.
// And the budget is used: a test that never speaks would keep it, too.
TEST(Monitor, FalseAlarmsKeepTheirBudget) {
  constexpr int streams = 4000;
  for (const double budget : {0.05, 0.2}) {
    int alarms = 0;
    for (std::uint64_t s = 0; s < streams; ++s) alarms += alarm_at(s, budget, 100, 500) > 0;
    const double share = static_cast<double>(alarms) / streams;
    EXPECT_LE(share, budget + 3 * std::sqrt(budget * (1 - budget) / streams)) << budget;
    EXPECT_GE(share, budget / 4) << budget;
  }
}

TEST(Monitor, AlarmFollowsAChange) {
  for (std::uint64_t s = 0; s < 20; ++s) {
    const auto large = alarm_at(s, 0.001, 1000, 1000, 500, 2);
    EXPECT_GT(large, 500U);
    EXPECT_LT(large, 530U);
    const auto small = alarm_at(s, 0.001, 1000, 2000, 500, 0.5);
    EXPECT_GT(small, 500U);
    EXPECT_LT(small, 900U);
  }
}

TEST(Monitor, ReportsTheLastRows) {
  Rng rng(1);
  const Calibration calibration = calibrated(500, rng);
  Monitor monitor(calibration, {.window = 50, .every = 20});
  const std::vector<float> stream = normal_scores(130, rng, 1);
  int due = 0;
  for (const float score : stream) {
    monitor.add(score);
    if (!monitor.is_due()) continue;
    ++due;
    monitor.record();
  }
  EXPECT_EQ(due, 6);
  ASSERT_EQ(monitor.history().size(), 6U);
  EXPECT_EQ(monitor.history().front().rows, 20U);
  EXPECT_EQ(monitor.history().front().flagged.rows, 20U);

  const WindowReport last = monitor.report();
  std::vector<float> window(stream.end() - 50, stream.end());
  EXPECT_EQ(monitor.window_scores(), window);
  const double threshold = calibration.threshold().value;
  const auto flagged = [threshold](float s) { return s > threshold; };
  EXPECT_EQ(last.flagged.count, static_cast<std::size_t>(std::ranges::count_if(window, flagged)));
  EXPECT_EQ(last.flagged.rows, 50U);
  EXPECT_EQ(monitor.flagged(), static_cast<std::uint64_t>(std::ranges::count_if(stream, flagged)));
  EXPECT_LT(last.rate.lower, metrics::share(last.flagged));
  EXPECT_GT(last.rate.upper, metrics::share(last.flagged));
  std::ranges::sort(window);
  std::vector<float> sorted = calibration.id().scores;
  std::ranges::sort(sorted);
  EXPECT_EQ(last.ks.statistic, ks_test(window, sorted).statistic);
  EXPECT_EQ(last.psi, StabilityIndex(sorted)(window));
  EXPECT_EQ(last.evidence, monitor.test().capital());
}

TEST(Monitor, JudgesByClass) {
  std::vector<float> scores;
  std::vector<std::uint32_t> classes;
  for (int i = 0; i < 200; ++i) {
    scores.push_back(static_cast<float>(i % 2 == 0 ? i : i + 1000));
    classes.push_back(static_cast<std::uint32_t>(i % 2));
  }
  const Calibration calibration({.promise = {.share = 0.9}, .per_class = true, .class_rows = 50},
                                {scores, classes});
  Monitor monitor(calibration, {});
  monitor.add(900, 0);
  monitor.add(900, 1);
  EXPECT_EQ(monitor.flagged(), 1U);
  EXPECT_THROW(monitor.add(900), Error);
  EXPECT_EQ(monitor.rows(), 2U);
}

TEST(Monitor, KeepsABoundedHistory) {
  Rng rng(1);
  const Calibration calibration = calibrated(20, rng);
  Monitor monitor(calibration, {.window = 3, .every = 1});
  for (std::size_t i = 0; i < Monitor::history_rows + 10; ++i) {
    monitor.add(0);
    monitor.record();
  }
  EXPECT_EQ(monitor.history().size(), Monitor::history_rows);
  EXPECT_EQ(monitor.history().front().rows, 11U);
}

TEST(Monitor, RefusesWhatCannotBe) {
  Rng rng(1);
  const Calibration calibration = calibrated(20, rng);
  EXPECT_THROW(Monitor(calibration, {.window = 0}), Error);
  EXPECT_THROW(Monitor(calibration, {.every = 0}), Error);
  EXPECT_THROW(Monitor(calibration, {.confidence = 1}), Error);
  Monitor monitor(calibration, {});
  EXPECT_THROW(monitor.report(), Error);
  EXPECT_THROW(monitor.add(std::numeric_limits<double>::infinity()), Error);
  EXPECT_THROW(monitor.add(1e300), Error);
  EXPECT_EQ(monitor.rows(), 0U);
}

}  // namespace
}  // namespace nescio::monitoring
