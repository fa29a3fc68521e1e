#include "monitoring/prometheus.h"

#include <cmath>

#include "base/text.h"

namespace nescio::monitoring {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : printable(value)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return format_number(value);
}

}  // namespace

void MetricsText::declare(std::string_view name, std::string_view type, std::string_view help) {
  text_ += nescio::text("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n');
}

void MetricsText::sample(std::string_view name, double value, const MetricLabels& more) {
  MetricLabels labels = labels_;
  labels.insert(labels.end(), more.begin(), more.end());
  std::vector<std::string> pairs;
  for (const auto& [key, label] : labels) pairs.push_back(key + "=\"" + escaped(label) + '"');
  text_ += name;
  if (!pairs.empty()) text_ += '{' + join(pairs, ",") + '}';
  text_ += ' ' + number(value) + '\n';
}

void MetricsText::add(std::string_view name, std::string_view type, std::string_view help,
                      double value) {
  declare(name, type, help);
  sample(name, value);
}

void add_metrics(MetricsText& out, const Monitor& monitor, double now) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    out.add(text("nescio_monitor_", name), "gauge", help, value);
  };
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.add(text("nescio_monitor_", name, "_total"), "counter", help, static_cast<double>(value));
  };
  counter("rows", "Rows of the stream.", monitor.rows());
  counter("flagged", "Rows that were flagged as OOD.", monitor.flagged());
  counter("unreadable", "Rows that could not be read.", monitor.unreadable());
  gauge("threshold", "Scores above it are flagged.", monitor.calibration().threshold().value);
  gauge("evidence", "Capital of the bet that something has changed.", monitor.test().capital());
  gauge("evidence_needed", "Capital that raises the alarm.", monitor.test().needed());
  gauge("alarm", "1 once the alarm has been raised.", monitor.test().alarm() ? 1 : 0);
  gauge("alarm_row", "The row that raised it, from 1; 0 without an alarm.",
        static_cast<double>(monitor.alarm_row().value_or(0)));
  gauge("updated_seconds", "When this was written, in seconds since 1970.", now);
  if (monitor.rows() == 0) return;
  const WindowReport r = monitor.report();
  gauge("window_rows", "The last rows, of which what follows is told.",
        static_cast<double>(r.flagged.rows));
  gauge("flag_rate", "Share of them that was flagged.", metrics::share(r.flagged));
  gauge("flag_rate_lower", "Lower end of the interval of the flag rate.", r.rate.lower);
  gauge("flag_rate_upper", "Upper end of the interval of the flag rate.", r.rate.upper);
  gauge("ks", "Kolmogorov-Smirnov distance of their scores to those of calibration.",
        r.ks.statistic);
  gauge("ks_p_value", "P-value of the distance.", r.ks.p_value);
  gauge("psi", "Population stability index of their scores against calibration.", r.psi);
  gauge("psi_by_chance", "What the index has on average without drift.", r.psi_by_chance);
}

}  // namespace nescio::monitoring
