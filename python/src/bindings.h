// The parts of the module, one file each.
#pragma once

#include <nanobind/nanobind.h>

namespace nescio::python {

namespace nb = nanobind;

void bind_catalogues(nanobind::module_& m);
void bind_banks(nanobind::module_& m);
void bind_views(nanobind::module_& m);
void bind_detector(nanobind::module_& m);
void bind_measures(nanobind::module_& m);
void bind_runs(nanobind::module_& m);

}  // namespace nescio::python
