// Rows that a network classifies right: what is typical of their classes.
#pragma once

#include <cstddef>
#include <vector>

#include "detectors/detector.h"

namespace nescio::detectors {

/// The rows in which the network sees their label, in their order.
std::vector<std::size_t> right_rows(const Inputs& in, statistics::Statistics& statistics);

struct TypicalRows {
  std::vector<std::size_t> rows;         // in their order
  std::vector<std::size_t> never_right;  // classes
};
/// The rows that are classified right, and all those of the classes of which none is. Error where a class has no
/// rows.
const TypicalRows& typical_rows(const Inputs& in, statistics::Statistics& statistics);

}  // namespace nescio::detectors
