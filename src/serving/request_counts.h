// How often a server was asked, and how long it took: for its /metrics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "monitoring/prometheus.h"

namespace nescio::serving {

/// Several threads may use it.
class RequestCounts {
 public:
  /// One request to a path of ours ("other" for the rest), so that hostile paths make no labels.
  void add(const std::string& path, int status, double seconds);
  void write(monitoring::MetricsText& out) const;

 private:
  static constexpr std::array bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                        0.05,   0.1,   0.25,   0.5,   1.0,  2.5};
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::array<std::uint64_t, bounds.size() + 1> durations_{};
  double seconds_ = 0;
};

}  // namespace nescio::serving
