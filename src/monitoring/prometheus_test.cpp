#include "monitoring/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <sstream>

namespace nescio::monitoring {
namespace {

using testing::HasSubstr;

TEST(Prometheus, WritesSamplesWithLabels) {
  MetricsText out(MetricLabels{{"detector", "knn(k=5) \"x\"\\\n"}});
  out.declare("nescio_requests_total", "counter", "Requests.");
  out.sample("nescio_requests_total", 3, {{"code", "200"}});
  out.add("nescio_load", "gauge", "Load.", std::numeric_limits<double>::infinity());
  EXPECT_EQ(out.text(),
            "# HELP nescio_requests_total Requests.\n"
            "# TYPE nescio_requests_total counter\n"
            "nescio_requests_total{detector=\"knn(k=5) \\\"x\\\"\\\\\\\\n\",code=\"200\"} 3\n"
            "# HELP nescio_load Load.\n# TYPE nescio_load gauge\n"
            "nescio_load{detector=\"knn(k=5) \\\"x\\\"\\\\\\\\n\"} +Inf\n");
}

// The grammar of the text format: every line is a declaration or a sample of a declared metric.
TEST(Prometheus, MonitorIsInTheFormat) {
  std::vector<float> scores;
  for (int i = 0; i < 50; ++i) scores.push_back(static_cast<float>(i));
  const calibration::Calibration calibration({.promise = {.share = 0.9}}, {scores});
  Monitor monitor(calibration, {});
  MetricsText before(MetricLabels{{"detector", "energy"}});
  add_metrics(before, monitor, 1.5e9);
  for (int i = 0; i < 20; ++i) monitor.add(i * 5);
  monitor.add_unreadable();
  MetricsText out(MetricLabels{{"detector", "energy"}});
  add_metrics(out, monitor, 1.5e9);
  EXPECT_GT(out.text().size(), before.text().size());

  std::set<std::string> declared;
  std::istringstream lines(out.text());
  const std::regex type("# TYPE (nescio_monitor_[a-z_]+) (gauge|counter)");
  const std::regex sample("(nescio_monitor_[a-z_]+)\\{detector=\"energy\"\\} [0-9.e+-]+");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# HELP ")) continue;
    if (std::regex_match(line, match, type)) {
      EXPECT_TRUE(declared.insert(match[1]).second) << line;
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_TRUE(declared.contains(match[1])) << line;
    }
  }
  EXPECT_THAT(out.text(), HasSubstr("nescio_monitor_rows_total{detector=\"energy\"} 20\n"));
  EXPECT_THAT(out.text(), HasSubstr("nescio_monitor_unreadable_total{detector=\"energy\"} 1\n"));
  EXPECT_THAT(out.text(), HasSubstr("nescio_monitor_flagged_total{detector=\"energy\"} 11\n"));
  EXPECT_THAT(out.text(), HasSubstr("nescio_monitor_evidence_needed{detector=\"energy\"} 100\n"));
}

}  // namespace
}  // namespace nescio::monitoring
