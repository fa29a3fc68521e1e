#include "serving/request_counts.h"

#include <algorithm>

#include "base/text.h"

namespace nescio::serving {

void RequestCounts::add(const std::string& path, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{path, status}];
  ++durations_[static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) -
                                        bounds.begin())];
  seconds_ += seconds;
}

void RequestCounts::write(monitoring::MetricsText& out) const {
  const std::lock_guard lock(mutex_);
  out.declare("nescio_requests_total", "counter", "Requests by path and status.");
  for (const auto& [what, count] : requests_) {
    out.sample("nescio_requests_total", static_cast<double>(count),
               {{"path", what.first}, {"code", text(what.second)}});
  }
  const std::string name = "nescio_request_seconds";
  out.declare(name, "histogram", "Time from a request's header to its answer.");
  double below = 0;
  for (std::size_t b = 0; b < durations_.size(); ++b) {
    below += static_cast<double>(durations_[b]);
    out.sample(name + "_bucket", below,
               {{"le", b < bounds.size() ? format_number(bounds[b]) : "+Inf"}});
  }
  out.sample(name + "_sum", seconds_);
  out.sample(name + "_count", below);
}

}  // namespace nescio::serving
