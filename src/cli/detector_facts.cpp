#include "base/arguments.h"
#include "cli/inspection.h"
#include "detectors/combinator.h"
#include "detectors/saved_calibration.h"
#include "detectors/saved_detector.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using detectors::DetectorInfo;

/// Parameters that count as the others are set, and what was learned, stage by stage, of a spec and of
/// those that it is made of.
class Stages {
 public:
  explicit Stages(const std::map<std::string, Array>& learned) : learned_(learned) {}

  void add(const Spec& spec, const std::string& before) {
    for (std::size_t i = 0; i < spec.terms.size(); ++i) {
      add(spec.terms[i], text(before, i));
    }
  }

  Facts parameters = Facts::array(), arrays = Facts::array();

 private:
  void add(Term term, const std::string& place) {
    const DetectorInfo& info = detectors::find(term.name);
    std::vector<Spec> members;
    if (info.combinator) members = detectors::take_members(term);
    const auto stage = info.make();
    set_arguments(*stage, info.parameters, "[" + term.name + "]", term);
    for (const auto& p : info.parameters) {
      if (p.counts && !p.counts(*stage)) continue;
      parameters.push_back({{"stage", place},
                            {"name", info.name},
                            {"parameter", p.info.name},
                            {"value", p.get(*stage)}});
    }
    for (const detectors::LearnedArray& array : info.learned) {
      const auto found = learned_.find(text(place, ".", array.name));
      if (found == learned_.end()) continue;
      arrays.push_back({{"stage", place},
                        {"name", info.name},
                        {"array", array.name},
                        {"dtype", name_of(found->second.dtype())},
                        {"shape", found->second.shape()},
                        {"what", array.doc}});
    }
    for (std::size_t m = 0; m < members.size(); ++m) add(members[m], text(place, ".", m, "."));
  }

  const std::map<std::string, Array>& learned_;
};

Facts fitted_on(const Json& origin) {
  Facts rows = Facts::array();
  const auto add = [&](const std::string& role, const Json& from) {
    const Json manifest = from.value("manifest", Json());
    const Json inputs = manifest.is_object() ? manifest.value("inputs", Json::object()) : Json();
    Facts row = {{"role", role}, {"split", from.at("split")}};
    for (const char* key : {"data", "data_sha256"}) {
      if (inputs.is_object() && inputs.contains(key)) row[key] = inputs[key];
    }
    if (manifest.is_object()) row["rows"] = manifest.at("rows");
    rows.push_back(std::move(row));
  };
  for (const char* role : {"train", "val", "ood_val"}) {
    if (!origin.contains(role)) continue;
    const Json& from = origin.at(role);
    if (from.is_object()) {
      add(role, from);
    } else {
      for (const Json& one : from) add(role, one);
    }
  }
  return rows;
}

Facts calibrations_of(const fs::path& folder) {
  const detectors::Calibrations known = detectors::load_calibrations(folder);
  Facts rows = Facts::array();
  for (const auto& [name, saved] : known.all) {
    const calibration::Rate& kept = saved.made.kept();
    rows.push_back({{"name", name},
                    {"active", name == known.active},
                    {"threshold", saved.made.threshold().value},
                    {"id_rows", kept.rows.rows},
                    {"kept", metrics::share(kept.rows)},
                    {"kept_lower", kept.bounds.lower},
                    {"kept_upper", kept.bounds.upper}});
  }
  return rows;
}

}  // namespace

Facts detector_facts(const fs::path& folder) {
  const detectors::FittedDetector detector = detectors::load_detector(folder);
  const std::map<std::string, Array> learned = detector.chain.learned();
  Stages stages(learned);
  stages.add(parse_spec(detector.chain.spec()), "");
  const Json& origin = detector.origin;
  return {{"kind", "saved detector"},
          {"path", folder.string()},
          {"spec", detector.chain.spec()},
          {"classes", detector.classes},
          {"feature_width", detector.feature_width},
          {"reads", detector.chain.needs().inputs()},
          {"has_head", detector.head.has_value()},
          {"bank", origin.value("bank", Json())},
          {"model", origin.value("model", Json::object())},
          {"class_names", origin.value("class_names", Json::array())},
          {"parameters", std::move(stages.parameters)},
          {"learned", std::move(stages.arrays)},
          {"calibrations", calibrations_of(folder)},
          {"fitted_on", fitted_on(origin)}};
}

}  // namespace nescio::cli
