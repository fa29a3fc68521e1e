#include "banks.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bank/write_split.h"
#include "base/error.h"
#include "base/text.h"
#include "base/version.h"
#include "bindings.h"

namespace nescio::python {
namespace {

using bank::FeatureBank;

/// Writes one split window by window (bank::SplitWriter).
class Writer {
 public:
  /// Of each array its name, "float32" or "int64", and its width (none: one value a row).
  using Plans = std::vector<std::tuple<std::string, std::string, std::optional<std::size_t>>>;

  Writer(Bank& bank, const std::string& split, std::size_t rows, const Plans& plans,
         const std::string& made_by)
      : writer_(begun_anew(bank.bank, split), split, rows, plans_of(plans, made_by),
                {{"source", "nescio (Python) " + std::string(version())}}) {}

  void write(const ArraysByName& arrays) {
    const auto rows = to_arrays(arrays);
    if (rows.empty()) return;
    const Computing computing;
    for (const auto& [name, array] : rows) writer_.write(name, array);
    writer_.commit(rows.begin()->second.rows());
  }
  void finish() {
    const Computing computing;
    writer_.finish();
  }

 private:
  static FeatureBank& begun_anew(FeatureBank& bank, const std::string& split) {
    bank::forget_interrupted(bank, split);
    return bank;
  }
  static std::vector<bank::ArrayPlan> plans_of(const Plans& plans, const std::string& made_by) {
    std::vector<bank::ArrayPlan> out;
    for (const auto& [name, dtype, width] : plans) {
      bank::ArrayPlan plan{
          .name = name, .dtype = dtype == "int64" ? DType::int64 : DType::float32, .row_shape = {}};
      if (width) plan.row_shape = {*width};
      if (!made_by.empty()) plan.inputs = {{"made_by", made_by}};
      out.push_back(std::move(plan));
    }
    return out;
  }

  bank::SplitWriter writer_;
};

std::optional<std::pair<nb::object, nb::object>> head_of(const Bank& bank) {
  const auto head = bank.bank.head();
  if (!head) return std::nullopt;
  return std::pair(to_numpy(head->weight), to_numpy(head->bias));
}

}  // namespace

void bind_banks(nb::module_& m) {
  nb::class_<Bank>(m, "Bank")
      .def(
          "__init__",
          [](Bank* self, const std::string& path, bool create) {
            new (self) Bank{create ? FeatureBank::open_or_create(path) : FeatureBank::open(path)};
          },
          nb::arg("path"), nb::arg("create"))
      .def_prop_ro("path", [](const Bank& b) { return b.bank.path().string(); })
      .def("splits", [](const Bank& b) { return b.bank.splits(); })
      .def("has", [](const Bank& b, const std::string& split) { return b.bank.has(split); })
      .def("rows", [](const Bank& b, const std::string& split) { return b.bank.rows(split); })
      .def("arrays", [](const Bank& b, const std::string& split) { return b.bank.arrays(split); })
      .def("array", [](const Bank& b, const std::string& split,
                       const std::string& name) { return to_numpy(b.bank.array(split, name)); })
      .def("paths", [](const Bank& b, const std::string& split) { return b.bank.paths(split); })
      .def("class_names",
           [](const Bank& b, const std::string& split) { return b.bank.class_names(split); })
      .def("head", &head_of)
      .def("set_head",
           [](Bank& b, const AnyArray& weight, const AnyArray& bias) {
             b.bank.set_head({copied(to_array(weight)), copied(to_array(bias))},
                             {{"source", "nescio (Python) " + std::string(version())}});
           })
      .def_prop_ro("classes", [](const Bank& b) { return b.bank.classes(); })
      .def_prop_ro("feature_width", [](const Bank& b) { return b.bank.feature_width(); })
      .def("verify", [](const Bank& b) {
        const FeatureBank bank = b.bank;
        const Computing computing;
        bank.verify();
      });
  nb::class_<Writer>(m, "Writer")
      .def(nb::init<Bank&, const std::string&, std::size_t, const Writer::Plans&,
                    const std::string&>(),
           nb::keep_alive<1, 2>(), nb::arg("bank"), nb::arg("split"), nb::arg("rows"),
           nb::arg("plans"), nb::arg("made_by"))
      .def("write", &Writer::write)
      .def("finish", &Writer::finish);
}

}  // namespace nescio::python
