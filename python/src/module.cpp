// nescio._core: what nescio/*.py is made of. Not for users: names and arguments may change with any version.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include "arrays.h"
#include "base/error.h"
#include "base/threads.h"
#include "base/version.h"
#include "bindings.h"

NB_MODULE(_core, m) {
  namespace nb = nanobind;
  using namespace nescio;
  m.doc() = "The compiled half of nescio.";
  nb::exception<Error>(m, "Error", PyExc_ValueError).attr("__module__") = "nescio";
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Interrupted&) {
      python::raise_interrupt();
    }
  });
  m.def("version", [] { return std::string(version()); });
  m.def("thread_count", &thread_count);
  m.def("set_thread_count", &set_thread_count, nb::arg("threads"));
  python::bind_catalogues(m);
  python::bind_banks(m);
  python::bind_runs(m);
  python::bind_views(m);
  python::bind_detector(m);
  python::bind_measures(m);
}
