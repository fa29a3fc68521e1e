#include "report/monitor_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/test_page.h"

namespace nescio::report {
namespace {

using testing::HasSubstr;
using testing::Not;

calibration::Calibration calibrated() {
  std::vector<float> scores;
  for (int i = 0; i < 100; ++i) scores.push_back(static_cast<float>(i));
  return calibration::Calibration({.promise = {.share = 0.9}}, {scores});
}

std::size_t charts(const std::string& page) {
  const auto elements = read_page(page);
  return static_cast<std::size_t>(std::ranges::count(elements, "svg", &Element::name));
}

TEST(MonitorPage, GrowsWithTheStream) {
  const auto calibration = calibrated();
  monitoring::Monitor monitor(calibration, {.window = 50, .every = 10});
  const auto page = [&] { return monitor_page("knn(k=5)", monitor, "TODAY", 7); };
  EXPECT_EQ(charts(page()), 0U);
  EXPECT_THAT(page(), HasSubstr("Monitor of knn(k=5)"));
  for (int i = 0; i < 60; ++i) {
    monitor.add(i * 37 % 100);
    if (monitor.is_due()) monitor.record();
  }
  const std::string quiet = page();
  EXPECT_EQ(charts(quiet), 5U);  // four curves and the scores
  EXPECT_THAT(quiet, HasSubstr("No alarm"));
  EXPECT_THAT(quiet, HasSubstr("<meta http-equiv=\"refresh\" content=\"7\"/>"));
  EXPECT_THAT(quiet, HasSubstr("Written TODAY"));
  EXPECT_THAT(monitor_page("x", monitor, "", 0), Not(HasSubstr("refresh")));

  for (int i = 0; i < 60; ++i) {
    monitor.add(99);
    if (monitor.is_due()) monitor.record();
  }
  ASSERT_TRUE(monitor.alarm_row());
  monitor.add_unreadable();
  EXPECT_THAT(page(), HasSubstr("Alarm at row " + std::to_string(*monitor.alarm_row())));
  EXPECT_THAT(page(), HasSubstr("are higher than those of calibration"));
  EXPECT_THAT(page(), HasSubstr("Rows that could not be read: 1."));
}

}  // namespace
}  // namespace nescio::report
