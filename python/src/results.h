// What was measured, as Python reads it.
#pragma once

#include <nanobind/nanobind.h>

#include "evaluation/evaluate.h"

namespace nescio::python {

/// A tuple (detector, set, role, metric, value, lower, upper); None for bounds that are not there.
nanobind::object to_python(const evaluation::ResultRow& row);
/// A dict: "rows", "sets", "detectors", "skipped", "notices", "chosen" of a sweep and "flagged".
nanobind::object to_python(const evaluation::Results& results);

}  // namespace nescio::python
