// Numbers for Prometheus, in its text format (version 0.0.4).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitoring/monitor.h"

namespace nescio::monitoring {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Text that grows metric by metric; labels are escaped.
class MetricsText {
 public:
  /// `labels` stand at every sample.
  explicit MetricsText(MetricLabels labels = {}) : labels_(std::move(labels)) {}

  /// The lines that stand before the samples of a metric: "gauge", "counter" or "histogram", and a sentence.
  void declare(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, double value, const MetricLabels& more = {});
  /// Both, of a metric with one sample.
  void add(std::string_view name, std::string_view type, std::string_view help, double value);

  const std::string& text() const { return text_; }

 private:
  MetricLabels labels_;
  std::string text_;
};

/// The numbers of a monitor, nescio_monitor_*. `now` in seconds since 1970.
void add_metrics(MetricsText& out, const Monitor& monitor, double now);

}  // namespace nescio::monitoring
