#include "bank/manifest.h"

// Until version 2 all arrays of a split had their inputs in one object:
//   {"data", "data_sha256", "class_names", "skipped",            what the rows are
//    "network", "weights_sha256", "preprocessing", "program",    what made the arrays
//    "arrays": [...], "probes": {"odin": "odin(epsilon=0.0014,T=1000)"}, "import": {"labels": ...}}
namespace nescio::bank {
namespace {

constexpr const char* of_network[] = {"network", "weights_sha256", "preprocessing"};

// An object that is taken out of another; {} where there is none.
nlohmann::json taken(nlohmann::json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end()) return nlohmann::json::object();
  nlohmann::json value = std::move(*found);
  from.erase(found);
  return value.is_object() ? value : nlohmann::json::object();
}

// What a probe made is called as its spec and lies in the file of its old name.
void rename(nlohmann::json& arrays, const std::string& name, const std::string& spec) {
  if (name == spec || !arrays.contains(name) || arrays.contains(spec)) return;
  nlohmann::json array = std::move(arrays[name]);
  arrays.erase(name);
  if (array.is_object() && !array.contains("file")) array["file"] = array_path("", name).string();
  arrays[spec] = std::move(array);
}

}  // namespace

nlohmann::json to_split_entry(nlohmann::json entry) {
  if (!entry.is_object() || !entry.contains("arrays") || !entry["arrays"].is_object()) return entry;
  const auto found = entry.find("inputs");
  if (found == entry.end() || !found->is_object()) return entry;
  nlohmann::json& rows = *found;
  const bool extracted = rows.contains("weights_sha256");
  if (!extracted && !rows.contains("import") && !rows.contains("probes")) return entry;

  const nlohmann::json imported = taken(rows, "import");
  const nlohmann::json probes = taken(rows, "probes");
  nlohmann::json made_by = nlohmann::json::object();
  for (const char* key : of_network) {
    if (rows.contains(key)) made_by[key] = rows[key];
    rows.erase(key);
  }
  nlohmann::json program = nlohmann::json::object();
  if (rows.contains("program")) made_by["program"] = program["program"] = rows["program"];
  rows.erase("program");
  rows.erase("arrays");
  for (auto& [name, array] : entry["arrays"].items()) {
    if (!array.is_object()) continue;
    if (imported.contains(name)) {
      array["inputs"] = {{"import", imported[name]}};
    } else if (extracted) {
      array["inputs"] = name == "labels" || name == "index" ? program : made_by;
    }
  }
  for (const auto& [name, spec] : probes.items()) {
    if (spec.is_string()) rename(entry["arrays"], name, spec.get<std::string>());
  }
  return entry;
}

}  // namespace nescio::bank
