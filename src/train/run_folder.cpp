#include "train/run_folder.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "io/json_file.h"
#include "io/own_folder.h"
#include "io/temporary_name.h"
#include "train/settings.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// What is not on record did nothing, or came after the record: it is at its default.
std::string shown(const Json& settings, const std::string& key) {
  const auto found = settings.find(key);
  if (found != settings.end()) return "'" + found->get<std::string>() + "'";
  for (const auto& parameter : train_parameters()) {
    if (parameter.info.name == key && !parameter.default_value.empty()) {
      return "'" + parameter.default_value + "'";
    }
  }
  return "nothing";
}

/// "lr was '0.1', is '0.2'" for each setting that decides the result, and for the pictures.
std::vector<std::string> differences(const Json& config_before, const Json& config_now) {
  const Json& before = config_before.at("settings");
  const Json& now = config_now.at("settings");
  std::vector<std::string> keys;
  for (const Json* side : {&before, &now}) {
    for (const auto& [key, value] : side->items()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<std::string> out;
  for (const std::string& key : keys) {
    const std::string was = shown(before, key);
    const std::string is = shown(now, key);
    if (was != is && !is_free_on_resume(key)) out.push_back(text(key, " was ", was, ", is ", is));
  }
  // What was not on record, or is no part of this run, has nothing to be compared with.
  for (const auto& [key, what] : {std::pair("data_sha256", "the training pictures are others"),
                                  std::pair("outliers_sha256", "the outliers are others"),
                                  std::pair("val_sha256", "the validation pictures are others"),
                                  std::pair("weights_sha256", "the start weights are others"),
                                  std::pair("preprocessing", "the preprocessing is another")}) {
    const auto was = config_before.find(key);
    const auto is = config_now.find(key);
    if (was == config_before.end() || is == config_now.end()) continue;
    if (Json::diff(*was, *is).empty()) continue;
    out.push_back(text(what, ": was ", was->dump(), ", is ", is->dump()));
  }
  return out;
}

/// Whether a kill left it of writing a file of a run while its folder was held.
bool is_unfinished(const fs::path& path) {
  constexpr std::array kinds = {".safetensors", ".json", ".yaml", ".jsonl", ".csv", ".nescio"};
  const std::string name = path.filename().string();
  const auto file = io::file_of_temporary(name);
  return file && std::ranges::find(kinds, fs::path(*file).extension()) != kinds.end();
}

void remove_unfinished(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_unfinished(entry.path())) found.push_back(entry.path());
  }
  for (const fs::path& path : found) fs::remove(path);
}

Json read_config(const fs::path& path) {
  Json config = io::read_json(path);
  const auto settings = config.find("settings");
  if (settings == config.end() || !settings->is_object() ||
      !std::ranges::all_of(*settings, [](const Json& v) { return v.is_string(); })) {
    fail(path.string(), ": no configuration of a training run");
  }
  return config;
}

/// A text as YAML takes it: plain where that is safe, otherwise quoted as in JSON.
std::string to_yaml(const std::string& value) {
  const bool plain = !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("_./-").find(static_cast<char>(c)) != std::string_view::npos;
  }) && std::isalnum(static_cast<unsigned char>(value.front()));
  return plain ? value : nlohmann::json(value).dump();
}

}  // namespace

RunFolder::RunFolder(fs::path path, const Json& config, bool resume, bool changed)
    : path_(std::move(path)) {
  io::make_folders(path_);
  lock_ = io::FolderLock(path_, false);
  const fs::path json = path_ / "config.json";
  if (!fs::exists(json)) {
    io::check_writable(path_, "training run", "config.json",
                       {"config.yaml", "metrics.csv", "metrics.jsonl", "last.safetensors"});
    write(config);
    return;
  }
  if (!resume) {
    fail(path_.string(),
         ": holds a training run already; resume=true goes on with it, another "
         "out= begins a new one");
  }
  const Json before = read_config(json);
  remove_unfinished(path_);
  differences_ = differences(before, config);
  if (differences_.empty()) return;
  if (!changed) {
    fail(json.string(), ": the run was begun with other settings: ", join(differences_, "; "),
         "; give the old ones, choose another out=, or go on with these by resume=changed");
  }
  changed_ = config;
  changed_["changes"] = before.value("changes", Json::array());
}

void RunFolder::record_changes(std::int64_t step) {
  if (differences_.empty()) return;
  changed_["changes"].push_back({{"step", step}, {"settings", differences_}});
  write(changed_);
}

void RunFolder::write(const Json& config) const {
  std::string yaml;
  for (const auto& [key, value] : config.at("settings").items()) {
    yaml += key + ": " + to_yaml(value.get<std::string>()) + "\n";
  }
  io::write_json(path_ / "config.json", config);  // the marker
  io::write_text(path_ / "config.yaml", yaml);
}

}  // namespace nescio::train
