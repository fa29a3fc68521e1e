// The page of a monitor: rate, drift and evidence over the rows of a stream.
#pragma once

#include <string>

#include "monitoring/monitor.h"

namespace nescio::report {

/// `detector` is its spec, `time` when the page is written, as people read it; a browser reads the page again after
/// `reload_seconds`. Charts have the reports of the monitor's history.
std::string monitor_page(const std::string& detector, const monitoring::Monitor& monitor,
                         const std::string& time, int reload_seconds);

}  // namespace nescio::report
