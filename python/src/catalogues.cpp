// The self-descriptions of detectors and metrics as JSON, from which nescio/_catalogue.py makes functions.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "base/spec.h"
#include "bindings.h"
#include "detectors/chain.h"
#include "detectors/facts.h"
#include "metrics/metrics.h"

namespace nescio::python {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const ParameterInfo& info) {
  Json out = {{"name", info.name},       {"doc", info.doc},
              {"unit", info.unit},       {"range", describe_range(info)},
              {"choices", info.choices}, {"sweep", info.sweep}};
  return out;
}

Json json_of(const detectors::DetectorInfo& info) {
  Json out = {{"name", info.name},      {"summary", info.summary},
              {"shaper", info.shaper},  {"combinator", info.combinator},
              {"facts", Json::array()}, {"parameters", Json::array()}};
  for (const Fact& fact : detectors::facts_of(info)) {
    out["facts"].push_back(Json::array({fact.name, fact.values}));
  }
  for (const auto& parameter : info.parameters) {
    Json one = json_of(parameter.info);
    one["type"] = parameter.type;
    one["default"] = parameter.default_value;
    out["parameters"].push_back(std::move(one));
  }
  return out;
}

Json json_of(const metrics::Metric& metric) {
  return {{"name", metric.name},
          {"definition", metric.definition},
          {"positive", metric.positive},
          {"ties", metric.ties},
          {"interval", metric.interval},
          {"higher_is_better", metric.higher_is_better},
          {"standard", metric.standard},
          {"needs_answers", metric.needs_answers},
          {"needs_confidence", metric.needs_confidence},
          {"needs_classes", metric.needs_classes},
          {"of_ranking", static_cast<bool>(metric.of_ranking)},
          {"family", metric.family},
          {"level", metric.family.empty() ? Json() : json_of(metric.level)}};
}

template <class Entries>
std::string json_list(const Entries& entries) {
  Json out = Json::array();
  for (const auto& entry : entries) out.push_back(json_of(entry));
  return out.dump();
}

}  // namespace

void bind_catalogues(nb::module_& m) {
  m.def("detectors_json", [] { return json_list(detectors::catalogue()); });
  m.def("metrics_json", [] { return json_list(metrics::metrics()); });
  m.def("all_specs", &detectors::all_specs);
  m.def("expand_list", [](const std::string& list) { return expand_list(list); });
  m.def("checked_spec", [](const std::string& spec) { return detectors::Chain(spec).spec(); });
}

}  // namespace nescio::python
