#include <algorithm>
#include <cmath>
#include <system_error>

#include "bank/feature_bank.h"
#include "bank/manifest.h"
#include "base/error.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/own_folder.h"

// What a crash may leave, and why the bank stays usable: a finished split is a complete folder with
// its own manifest entry (entry.json) inside. It takes its place in one step; only then bank.json
// is written, and entry.json removed. Whoever opens the bank in between finds entry.json and takes
// it instead of what bank.json says.
//
// Whoever puts a folder in place, takes it away, or makes and locks the one of a split that is
// being written, holds the lock of the bank meanwhile: so no lock is ever on a folder that has gone.
namespace nescio::bank {
namespace fs = std::filesystem;
namespace {

// Keys of the folders that hold an entry.json.
std::vector<std::string> pending_keys(const fs::path& bank) {
  std::vector<std::string> keys;
  std::error_code error;
  if (io::is_there(bank / head_key / entry_name)) keys.emplace_back(head_key);
  for (const auto& probe : fs::directory_iterator(bank / probes_key, error)) {
    if (io::is_there(probe.path() / entry_name)) {
      keys.push_back(text(probes_key, "/", probe.path().filename().string()));
    }
  }
  for (const auto& set : fs::directory_iterator(bank, error)) {
    if (set.path().filename().string().starts_with('.')) continue;
    for (const auto& split : fs::directory_iterator(set.path(), error)) {
      if (!io::is_there(split.path() / entry_name)) continue;
      keys.push_back(set.path().filename().string() + "/" + split.path().filename().string());
    }
  }
  return keys;
}

// The entry that a crash left; none if it is damaged: what bank.json says then stands.
nlohmann::json read_entry(const std::string& key, const fs::path& file) {
  try {
    auto entry = io::read_json(file);
    if (key == head_key) {
      check_head_entry(entry, file.string());
    } else if (key.starts_with('.')) {
      check_probe_entry(entry, file.string());
    } else {
      check_split_name(key);
      entry = to_split_entry(std::move(entry));
      check_split_entry(entry, file.string());
    }
    return entry;
  } catch (const Error&) {
    return {};
  }
}

void require_finite(const Array& array, std::string_view what) {
  const auto values = array.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail("[head] ", what, ": ", format_number(values[i]), " at row ", i / array.cols(),
           ", column ", i % array.cols());
    }
  }
}

// The same file under a second name: arrays of a bank are never written into.
void share_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::remove(to, error);
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);  // a file system without links
  if (error && io::is_there(from)) {
    fail(from.string(), ": cannot be copied to ", to.string(), ": ", error.message());
  }
}

}  // namespace

void FeatureBank::recover() {
  for (const auto& key : keys()) io::restore_folder(partial_of(key), place_of(key));
  const auto before = manifest_;
  const auto pending = pending_keys(path_);
  for (const auto& key : pending) {
    auto entry = read_entry(key, place_of(key) / entry_name);
    if (!entry.is_null()) set_entry(key, std::move(entry));
  }
  for (const auto& key : keys()) {
    auto entry = *entry_of(key);
    const auto check = [&](const auto& look) {
      try {
        look();
      } catch (const Error&) {
        // Damaged: who reads it is told, and the rest of the bank is as good as before.
      }
    };
    for (auto& [name, description] : entry["arrays"].items()) {
      const fs::path file = array_path(place_of(key), name, description);
      auto& facts = description;
      check([&] { read_described(file, facts); });
    }
    if (entry.contains("paths")) {
      check([&] { check_file(place_of(key) / paths_name, entry["paths"]); });
    }
    set_entry(key, std::move(entry));
  }
  if (pending.empty() && manifest_ == before) return;
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

void FeatureBank::save_manifest() const { io::write_json(path_ / manifest_name, manifest_); }

void FeatureBank::set_head(const Head& head, const nlohmann::json& origin) {
  const Shape& weight = head.weight.shape();
  const Shape& bias = head.bias.shape();
  if (weight.size() != 2 || bias.size() != 1 || weight[0] != bias[0] || head.weight.empty()) {
    fail("[head] expected weight [C, D] and bias [C], found ", to_string(weight), " and ",
         to_string(bias));
  }
  require_finite(head.weight, "weight");
  require_finite(head.bias, "bias");
  const io::FolderLock lock(path_, true);
  load();
  check_widths(head_key, weight[0], weight[1]);
  write_arrays(head_key, {{"weight", head.weight}, {"bias", head.bias}}, origin);
}

void FeatureBank::set_learned(const std::string& probe, const Learned& learned) {
  check_array_name(probe);
  const io::FolderLock lock(path_, true);
  load();
  write_arrays(text(probes_key, "/", probe), learned.arrays, learned.origin);
}

void FeatureBank::write_arrays(const std::string& key, const std::map<std::string, Array>& arrays,
                               const nlohmann::json& origin) {
  check_place(key);
  const fs::path folder = partial_of(key);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  nlohmann::json entry = {{"arrays", nlohmann::json::object()}, {"origin", origin}};
  for (const auto& item : arrays) {
    const fs::path file = array_path(folder, item.first);
    io::write_npy(file, item.second);
    entry["arrays"][item.first] = describe_array(file);
  }
  put_in_place(key, entry);
}

void FeatureBank::install(const std::string& split, nlohmann::json entry, Rest rest,
                          const std::vector<std::string>& left_out) {
  const io::FolderLock lock(path_, true);
  load();  // another process may have extended it
  const auto side = [&](const char* array) {
    const auto& arrays = entry.at("arrays");
    const auto found = arrays.find(array);
    return found == arrays.end() ? std::size_t{0} : found->at("shape").at(1).get<std::size_t>();
  };
  check_widths(split, side("logits"), side("features"));
  check_place(split);
  if (rest == Rest::kept) keep_others(split, entry, left_out);
  put_in_place(split, entry);
}

// Error unless what lies where the folder shall go is the bank's.
void FeatureBank::check_place(const std::string& key) const {
  const fs::path place = place_of(key);
  std::vector<std::string> files = {paths_name, entry_name, journal_name};
  const auto* known = entry_of(key);
  if (known) {
    for (const auto& [name, facts] : known->at("arrays").items()) {
      files.push_back(array_path("", name, facts).string());
    }
  }
  const char* what = key == head_key        ? "head of this bank"
                     : key.starts_with('.') ? "probe of this bank"
                                            : "split of this bank";
  io::check_replaceable(place, what, known != nullptr, files);
}

std::vector<std::string> FeatureBank::others(const std::string& split,
                                             const std::vector<std::string>& arrays) const {
  std::vector<std::string> kept;
  if (has(split)) {
    for (const std::string& name : this->arrays(split)) {
      if (std::ranges::find(arrays, name) == arrays.end()) kept.push_back(name);
    }
  }
  return kept;
}

// Error where they do not have as many rows.
void FeatureBank::check_others(const std::string& split, const std::vector<std::string>& arrays,
                               std::size_t rows) const {
  const auto kept = others(split, arrays);
  if (kept.empty() || this->rows(split) == rows) return;
  fail(split, ": expected ", this->rows(split), " rows as its ", join(kept), " have, found ", rows,
       "; give another name, or replace all of it (import: replace=true)");
}

void FeatureBank::keep_others(const std::string& split, nlohmann::json& entry,
                              const std::vector<std::string>& left_out) const {
  const auto arrays = names_of(entry.at("arrays"));
  check_others(split, arrays, entry.at("rows").get<std::size_t>());
  if (!has(split)) return;
  const nlohmann::json& old = *entry_of(split);
  for (const std::string& name : others(split, arrays)) {
    if (std::ranges::find(left_out, name) != left_out.end()) continue;
    nlohmann::json facts = old.at("arrays").at(name);
    share_file(array_path(place_of(split), name, facts), array_path(partial_of(split), name));
    facts.erase("file");
    entry["arrays"][name] = std::move(facts);
  }
  if (old.contains("paths") && !entry.contains("paths")) {
    share_file(place_of(split) / paths_name, partial_of(split) / paths_name);
    entry["paths"] = old.at("paths");
  }
  if (old.contains("inputs") && old["inputs"].is_object()) {
    nlohmann::json rows = old["inputs"];
    if (entry["inputs"].is_object()) rows.update(entry["inputs"]);
    entry["inputs"] = std::move(rows);
  }
  io::sync_folder(partial_of(split));
}

void FeatureBank::put_in_place(const std::string& key, const nlohmann::json& entry) {
  io::write_json(partial_of(key) / entry_name, entry);
  io::replace_folder(partial_of(key), place_of(key));
  set_entry(key, entry);
  save_manifest();

  // Only tidying from here on: what stays behind does no harm.
  std::error_code ignored;
  fs::remove(place_of(key) / entry_name, ignored);
  fs::remove(place_of(key) / journal_name, ignored);
  remove_partial(key);
}

void FeatureBank::remove_partial(const std::string& key) const {
  std::error_code ignored;
  fs::remove_all(partial_of(key), ignored);
  fs::remove(partial_of(key).parent_path(), ignored);  // where they are empty
  fs::remove(path_ / ".partial", ignored);
}

void FeatureBank::set_model(const nlohmann::json& model) {
  if (!model.is_object()) fail("[bank] the model's description must be a JSON object");
  const io::FolderLock lock(path_, true);
  load();
  manifest_["model"] = model;
  save_manifest();
}

}  // namespace nescio::bank
