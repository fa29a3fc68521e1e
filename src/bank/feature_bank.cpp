#include "bank/feature_bank.h"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "bank/manifest.h"
#include "base/error.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/sha256.h"

// Reading; what changes the disk stands in bank_changes.cpp.
namespace nescio::bank {
namespace fs = std::filesystem;
namespace {

const nlohmann::json& nothing() {
  static const nlohmann::json none = nlohmann::json::object();
  return none;
}

bool is_probe(std::string_view key) { return key.starts_with(text(probes_key, "/")); }

/// The name of a probe in its key.
std::string_view probe_of(std::string_view key) { return key.substr(key.find('/') + 1); }

std::string remedy(std::string_view key) {
  if (is_probe(key)) {
    return text("; let ", probe_of(key), " learn again (nescio extract ... probes= fit=)");
  }
  return key == head_key ? "; extract a split or import the head again"
                         : text("; extract or import ", key, " again");
}

}  // namespace

FeatureBank FeatureBank::open(const fs::path& path) {
  if (!io::is_there(path / manifest_name)) {
    fail(path.string(), ": there is no feature bank here (no ", manifest_name,
         "); 'nescio extract ... bank=", path.string(), "' or 'nescio import bank=", path.string(),
         " ...' makes one");
  }
  FeatureBank bank(path);
  const io::FolderLock lock(path, true);
  bank.load();
  bank.recover();
  return bank;
}

FeatureBank FeatureBank::open_or_create(const fs::path& path) {
  io::make_folders(path);
  {
    const io::FolderLock lock(path, true);
    if (!io::is_there(path / manifest_name)) io::write_json(path / manifest_name, empty_manifest());
  }
  return open(path);
}

void FeatureBank::load() {
  const fs::path file = path_ / manifest_name;
  try {
    manifest_ = to_manifest(io::read_json(file), file.string());
  } catch (const Error& e) {
    fail(e.what(), "; extract again into a new bank, or bring the arrays of this one into it: ",
         "'nescio import bank=NEW as=SET/SPLIT logits=", (path_ / "SET/SPLIT/logits.npy").string(),
         " ...'");
  }
}

fs::path FeatureBank::place_of(std::string_view key) const { return path_ / key; }

fs::path FeatureBank::partial_of(std::string_view key) const { return path_ / ".partial" / key; }

const nlohmann::json* FeatureBank::entry_of(std::string_view key) const {
  const auto find = [](const nlohmann::json& table,
                       std::string_view name) -> const nlohmann::json* {
    const auto found = table.find(std::string(name));
    return found == table.end() ? nullptr : &*found;
  };
  if (!is_probe(key)) return find(key == head_key ? manifest_ : manifest_.at("splits"), key);
  const auto* probes = find(manifest_, "probes");
  return probes ? find(*probes, probe_of(key)) : nullptr;
}

void FeatureBank::set_entry(const std::string& key, nlohmann::json entry) {
  if (is_probe(key)) {
    manifest_["probes"][std::string(probe_of(key))] = std::move(entry);
  } else {
    (key == head_key ? manifest_ : manifest_["splits"])[key] = std::move(entry);
  }
}

std::vector<std::string> FeatureBank::keys() const {
  auto keys = splits();
  if (entry_of(head_key)) keys.emplace_back(head_key);
  if (manifest_.contains("probes")) {
    for (const auto& name : names_of(manifest_["probes"])) {
      keys.push_back(text(probes_key, "/", name));
    }
  }
  return keys;
}

std::vector<std::string> FeatureBank::splits() const { return names_of(manifest_.at("splits")); }

bool FeatureBank::has(std::string_view split) const {
  return split != head_key && !is_probe(split) && entry_of(split) != nullptr;
}

bool FeatureBank::has(std::string_view split, std::string_view array) const {
  return has(split) && entry_of(split)->at("arrays").contains(std::string(array));
}

const nlohmann::json& FeatureBank::manifest(std::string_view split) const {
  if (!has(split)) {
    const auto known = splits();
    fail(path_.string(), ": there is no split '", split, "'.",
         known.empty() ? " The bank is empty." : suggest(split, known));
  }
  return *entry_of(split);
}

const nlohmann::json& FeatureBank::head_manifest() const {
  const auto* entry = entry_of(head_key);
  return entry ? *entry : nothing();
}

const nlohmann::json& FeatureBank::probes_manifest() const {
  const auto found = manifest_.find("probes");
  return found == manifest_.end() ? nothing() : *found;
}

std::size_t FeatureBank::rows(std::string_view split) const {
  return manifest(split).at("rows").get<std::size_t>();
}

std::vector<std::string> FeatureBank::arrays(std::string_view split) const {
  return names_of(manifest(split).at("arrays"));
}

Array FeatureBank::read(std::string_view key, std::string_view name) const {
  nlohmann::json description = entry_of(key)->at("arrays").at(std::string(name));
  try {
    return read_described(array_path(place_of(key), name, description), description);
  } catch (const Error& e) {
    fail(e.what(), remedy(key));
  }
}

Array FeatureBank::array(std::string_view split, std::string_view name) const {
  const auto known = arrays(split);
  if (!has(split, name)) {
    fail(path_.string(), ": ", split, " has no array '", name, "'.", suggest(name, known));
  }
  return read(split, name);
}

std::vector<std::string> FeatureBank::paths(std::string_view split) const {
  if (!manifest(split).contains("paths")) return {};
  const fs::path file = place_of(split) / paths_name;
  nlohmann::json description = manifest(split).at("paths");
  io::SharedBytes bytes;
  try {
    check_file(file, description);
    bytes = io::map_file(file);
  } catch (const Error& e) {
    fail(e.what(), remedy(split));
  }
  std::vector<std::string> paths;
  for (std::string_view rest = bytes.text(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    paths.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (paths.size() != rows(split)) {
    fail(file.string(), ": expected ", rows(split), " names, found ", paths.size());
  }
  return paths;
}

std::vector<std::string> FeatureBank::class_names(std::string_view split) const {
  std::vector<std::string> out;
  const nlohmann::json inputs = manifest(split).value("inputs", nlohmann::json());
  if (!inputs.is_object()) return out;
  for (const nlohmann::json& name : inputs.value("class_names", nlohmann::json::array())) {
    out.push_back(name.is_string() ? name.get<std::string>() : "");
  }
  return out;
}

nlohmann::json FeatureBank::inputs(std::string_view split, std::string_view array) const {
  if (!has(split, array)) return nlohmann::json::object();
  return manifest(split)
      .at("arrays")
      .at(std::string(array))
      .value("inputs", nlohmann::json::object());
}

bool FeatureBank::whole(std::string_view split, std::string_view array) const {
  try {
    read(split, array);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool FeatureBank::whole(std::string_view split) const {
  try {
    for (const std::string& name : arrays(split)) read(split, name);
    paths(split);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::optional<Head> FeatureBank::head() const {
  if (!entry_of(head_key)) return {};
  return Head{read(head_key, "weight"), read(head_key, "bias")};
}

std::optional<Learned> FeatureBank::learned(std::string_view probe) const {
  const std::string key = text(probes_key, "/", probe);
  const auto* entry = entry_of(key);
  if (!entry) return {};
  Learned found{.arrays = {}, .origin = entry->at("origin")};
  for (const auto& name : names_of(entry->at("arrays"))) found.arrays[name] = read(key, name);
  return found;
}

// The width of an array, from the head's weight [C, D] or any split; 0 = not known.
std::size_t FeatureBank::side_of(std::string_view array, std::size_t head_side,
                                 std::string_view without) const {
  const auto* head = entry_of(head_key);
  if (head && without != head_key) {
    return head->at("arrays").at("weight").at("shape").at(head_side).get<std::size_t>();
  }
  for (const auto& [name, entry] : manifest_.at("splits").items()) {
    const auto& arrays = entry.at("arrays");
    const auto found = arrays.find(std::string(array));
    if (name != without && found != arrays.end())
      return found->at("shape").at(1).get<std::size_t>();
  }
  return 0;
}

std::size_t FeatureBank::classes() const { return side_of("logits", 0, ""); }

std::size_t FeatureBank::feature_width() const { return side_of("features", 1, ""); }

// Error if `key` with these widths (0 = has none) would not fit to the rest of the bank.
void FeatureBank::check_widths(const std::string& key, std::size_t classes,
                               std::size_t features) const {
  const auto check = [&](const char* what, std::size_t found, std::size_t expected) {
    if (found == 0 || expected == 0 || found == expected) return;
    fail(path_.string(), ": ", key, " has ", found, " ", what, ", the rest of the bank ", expected,
         "; another network needs a bank of its own");
  };
  check("classes", classes, side_of("logits", 0, key));
  check("features", features, side_of("features", 1, key));
}

const nlohmann::json& FeatureBank::model() const { return manifest_.at("model"); }

void FeatureBank::verify() const {
  std::vector<std::string> wrong;
  const auto check = [&](const std::string& name, const fs::path& path,
                         const nlohmann::json& description) {
    if (!io::is_there(path)) {
      wrong.push_back(name + " (missing)");
    } else if (io::sha256_file(path) != description.at("sha256").get<std::string>()) {
      wrong.push_back(name);
    }
  };
  for (const auto& key : keys()) {
    const nlohmann::json& entry = *entry_of(key);
    for (const auto& [name, description] : entry.at("arrays").items()) {
      check(text(key, "/", name), array_path(place_of(key), name, description), description);
    }
    if (entry.contains("paths")) {
      check(text(key, "/", paths_name), place_of(key) / paths_name, entry["paths"]);
    }
  }
  if (!wrong.empty()) {
    fail(path_.string(), ": ", wrong.size(), wrong.size() == 1 ? " file differs" : " files differ",
         " from the manifest: ", join(wrong), "; extract or import again");
  }
}

}  // namespace nescio::bank
