#include "report/values.h"

#include "base/numbers.h"

namespace nescio::report {

std::string unit_of(const metrics::Metric& metric) {
  return metric.unit.empty() ? "per cent" : metric.unit;
}

std::string value_words(const metrics::Metric& metric, double value) {
  return metric.unit.empty() ? per_cent(value) : short_number(value);
}

std::string difference_words(const metrics::Metric& metric, double difference) {
  if (metric.unit.empty()) return signed_per_cent(difference);
  return (difference > 0 ? "+" : "") + short_number(difference);
}

}  // namespace nescio::report
