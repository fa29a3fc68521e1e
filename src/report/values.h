// Values of metrics as tables show them: shares in per cent, others in the unit of the metric.
#pragma once

#include <string>

#include "metrics/metrics.h"

namespace nescio::report {

/// "per cent" or the metric's own.
std::string unit_of(const metrics::Metric& metric);
/// auroc 0.8812 -> "88.12", nll 0.35112 -> "0.3511"
std::string value_words(const metrics::Metric& metric, double value);
/// auroc 0.016 -> "+1.60", nll -0.35112 -> "-0.3511"
std::string difference_words(const metrics::Metric& metric, double difference);

}  // namespace nescio::report
