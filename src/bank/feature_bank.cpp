#include "bank/feature_bank.h"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "bank/manifest.h"
#include "base/error.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/sha256.h"

// What a crash may leave, and why the bank stays usable: a finished split is a complete folder with
// its own manifest entry (entry.json) inside. It takes its place in one step; only then bank.json
// is written, and entry.json removed. Whoever opens the bank in between finds entry.json and takes
// it instead of what bank.json says.
namespace nescio {
namespace fs = std::filesystem;
namespace {

constexpr const char* manifest_name = "bank.json";
constexpr const char* entry_name = "entry.json";
constexpr const char* head_key = "head";

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path array_path(const fs::path& folder, std::string_view name) {
  return folder / (std::string(name) + ".npy");
}

std::vector<std::string> names_of(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

// Keys of the folders that hold an entry.json.
std::vector<std::string> pending_keys(const fs::path& bank) {
  std::vector<std::string> keys;
  std::error_code error;
  if (there(bank / head_key / entry_name)) keys.emplace_back(head_key);
  for (const auto& set : fs::directory_iterator(bank, error)) {
    if (set.path().filename().string().starts_with('.')) continue;
    for (const auto& split : fs::directory_iterator(set.path(), error)) {
      if (!there(split.path() / entry_name)) continue;
      keys.push_back(set.path().filename().string() + "/" + split.path().filename().string());
    }
  }
  return keys;
}

// Whether the file is the one that was described; hashes it if its stamp is another one, and then
// takes the new stamp over. Returns whether it did.
bool check_file(const fs::path& path, nlohmann::json& description) {
  const FileStamp stamp = stamp_of(path);
  const FileStamp known{description["bytes"].get<std::uint64_t>(),
                        description["modified_ns"].get<std::int64_t>()};
  if (stamp == known) return false;
  if (sha256_file(path) != description["sha256"].get<std::string>()) {
    fail(path.string(), ": was changed since it was written into the bank (its SHA-256 differs); ",
         "extract or import the split again");
  }
  description["bytes"] = stamp.bytes;
  description["modified_ns"] = stamp.modified_ns;
  return true;
}

}  // namespace

FeatureBank FeatureBank::open(const fs::path& path) {
  if (!there(path / manifest_name)) {
    fail(path.string(), ": there is no feature bank here (no ", manifest_name,
         "); 'nescio extract ... bank=", path.string(), "' or 'nescio import bank=", path.string(),
         " ...' makes one");
  }
  FeatureBank bank(path);
  const FolderLock lock(path, true);
  bank.load();
  bank.recover();
  return bank;
}

FeatureBank FeatureBank::open_or_create(const fs::path& path) {
  make_folders(path);
  {
    const FolderLock lock(path, true);
    if (!there(path / manifest_name)) write_json(path / manifest_name, empty_manifest());
  }
  return open(path);
}

void FeatureBank::load() {
  const fs::path file = path_ / manifest_name;
  manifest_ = read_json(file);
  check_manifest(manifest_, file.string());
}

void FeatureBank::recover() {
  for (const auto& key : keys()) restore_folder(partial_of(key), place_of(key));
  const auto pending = pending_keys(path_);
  for (const auto& key : pending) {
    const fs::path file = place_of(key) / entry_name;
    auto entry = read_json(file);
    if (key == head_key) {
      check_head_entry(entry, file.string());
    } else {
      check_split_name(key);
      check_split_entry(entry, file.string());
    }
    set_entry(key, std::move(entry));
  }
  bool changed = !pending.empty();
  for (const auto& key : keys()) {
    auto entry = *entry_of(key);
    bool stamps = false;
    for (auto& [name, description] : entry["arrays"].items()) {
      const fs::path file = array_path(place_of(key), name);
      check_array(read_npy(file), description, file.string());
      stamps |= check_file(file, description);
    }
    if (entry.contains("paths")) stamps |= check_file(place_of(key) / paths_name, entry["paths"]);
    if (stamps) set_entry(key, std::move(entry));
    changed |= stamps;
  }
  if (!changed) return;
  try {
    save_manifest();
    for (const auto& key : pending) {
      std::error_code ignored;
      fs::remove(place_of(key) / entry_name, ignored);
    }
  } catch (const Error&) {
    // A bank that may only be read is as good; the next one who opens it looks again.
  }
}

void FeatureBank::save_manifest() const { write_json(path_ / manifest_name, manifest_); }

fs::path FeatureBank::place_of(std::string_view key) const { return path_ / key; }

fs::path FeatureBank::partial_of(std::string_view key) const { return path_ / ".partial" / key; }

const nlohmann::json* FeatureBank::entry_of(std::string_view key) const {
  const auto& table = key == head_key ? manifest_ : manifest_.at("splits");
  const auto found = table.find(std::string(key));
  return found == table.end() ? nullptr : &*found;
}

void FeatureBank::set_entry(const std::string& key, nlohmann::json entry) {
  (key == head_key ? manifest_ : manifest_["splits"])[key] = std::move(entry);
}

std::vector<std::string> FeatureBank::keys() const {
  auto keys = splits();
  if (entry_of(head_key)) keys.emplace_back(head_key);
  return keys;
}

std::vector<std::string> FeatureBank::splits() const { return names_of(manifest_.at("splits")); }

bool FeatureBank::has(std::string_view split) const {
  return split != head_key && entry_of(split) != nullptr;
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
  static const nlohmann::json none = nlohmann::json::object();
  const auto* entry = entry_of(head_key);
  return entry ? *entry : none;
}

std::size_t FeatureBank::rows(std::string_view split) const {
  return manifest(split).at("rows").get<std::size_t>();
}

std::vector<std::string> FeatureBank::arrays(std::string_view split) const {
  return names_of(manifest(split).at("arrays"));
}

Array FeatureBank::read(std::string_view key, std::string_view name) const {
  const fs::path path = array_path(place_of(key), name);
  Array array = read_npy(path);
  check_array(array, entry_of(key)->at("arrays").at(std::string(name)), path.string());
  return array;
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
  const SharedBytes bytes = map_file(file);
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

std::optional<Head> FeatureBank::head() const {
  if (!entry_of(head_key)) return {};
  return Head{read(head_key, "weight"), read(head_key, "bias")};
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

namespace {
void require_finite(const Array& array, std::string_view what) {
  const auto values = array.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail("[head] ", what, ": ", format_number(values[i]), " at row ", i / array.cols(),
           ", column ", i % array.cols());
    }
  }
}
}  // namespace

void FeatureBank::set_head(const Head& head, const nlohmann::json& origin) {
  const Shape& weight = head.weight.shape();
  const Shape& bias = head.bias.shape();
  if (weight.size() != 2 || bias.size() != 1 || weight[0] != bias[0] || head.weight.empty()) {
    fail("[head] expected weight [C, D] and bias [C], found ", to_string(weight), " and ",
         to_string(bias));
  }
  require_finite(head.weight, "weight");
  require_finite(head.bias, "bias");
  check_widths(head_key, weight[0], weight[1]);
  const fs::path folder = partial_of(head_key);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  write_npy(array_path(folder, "weight"), head.weight);
  write_npy(array_path(folder, "bias"), head.bias);
  install(head_key, {{"arrays",
                      {{"weight", describe_array(array_path(folder, "weight"))},
                       {"bias", describe_array(array_path(folder, "bias"))}}},
                     {"origin", origin}});
}

void FeatureBank::install(const std::string& key, const nlohmann::json& entry) {
  const FolderLock lock(path_, true);
  load();  // another process may have extended it
  const auto side = [&](const char* array, std::size_t i) {
    const auto& arrays = entry.at("arrays");
    const auto found = arrays.find(array);
    return found == arrays.end() ? std::size_t{0} : found->at("shape").at(i).get<std::size_t>();
  };
  if (key == head_key) {
    check_widths(key, side("weight", 0), side("weight", 1));
  } else {
    check_widths(key, side("logits", 1), side("features", 1));
  }
  write_json(partial_of(key) / entry_name, entry);
  replace_folder(partial_of(key), place_of(key));
  set_entry(key, entry);
  save_manifest();

  // Only tidying from here on: what stays behind does no harm.
  std::error_code ignored;
  fs::remove(place_of(key) / entry_name, ignored);
  fs::remove(place_of(key) / "journal.json", ignored);
  fs::remove_all(partial_of(key), ignored);
  fs::remove(partial_of(key).parent_path(), ignored);  // where they are empty
  fs::remove(path_ / ".partial", ignored);
}

const nlohmann::json& FeatureBank::model() const { return manifest_.at("model"); }

void FeatureBank::set_model(const nlohmann::json& model) {
  if (!model.is_object()) fail("[bank] the model's description must be a JSON object");
  const FolderLock lock(path_, true);
  load();
  manifest_["model"] = model;
  save_manifest();
}

void FeatureBank::verify() const {
  std::vector<std::string> wrong;
  const auto check = [&](const std::string& name, const fs::path& path,
                         const nlohmann::json& description) {
    if (!there(path)) {
      wrong.push_back(name + " (missing)");
    } else if (sha256_file(path) != description.at("sha256").get<std::string>()) {
      wrong.push_back(name);
    }
  };
  for (const auto& key : keys()) {
    const nlohmann::json& entry = *entry_of(key);
    for (const auto& [name, description] : entry.at("arrays").items()) {
      check(text(key, "/", name), array_path(place_of(key), name), description);
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

}  // namespace nescio
