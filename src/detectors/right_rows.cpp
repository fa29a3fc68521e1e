#include "detectors/right_rows.h"

namespace nescio::detectors {

std::vector<std::size_t> right_rows(const Inputs& in, statistics::Statistics& statistics) {
  const auto labels = statistics.labels();
  const Array values = statistics.values(in.seen()).to_float64();
  const auto seen = values.as<double>();
  std::vector<std::size_t> right;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (seen[r] == static_cast<double>(labels[r])) right.push_back(r);
  }
  return right;
}

const TypicalRows& typical_rows(const Inputs& in, statistics::Statistics& statistics) {
  statistics.require_every_class();
  return statistics.derived<TypicalRows>("typical rows", in.seen(), [&] {
    const auto labels = statistics.labels();
    std::vector<bool> right(labels.size()), ever_right(statistics.classes());
    for (const std::size_t r : right_rows(in, statistics)) {
      right[r] = ever_right[static_cast<std::size_t>(labels[r])] = true;
    }
    TypicalRows out;
    for (std::size_t r = 0; r < labels.size(); ++r) {
      if (right[r] || !ever_right[static_cast<std::size_t>(labels[r])]) out.rows.push_back(r);
    }
    for (std::size_t c = 0; c < ever_right.size(); ++c) {
      if (!ever_right[c]) out.never_right.push_back(c);
    }
    return out;
  });
}

}  // namespace nescio::detectors
