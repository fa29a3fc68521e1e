#include "train/run_folder.h"

#include <algorithm>

#include "base/error.h"
#include "io/json_file.h"
#include "train/settings.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string shown(const Json& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "nothing" : "'" + found->get<std::string>() + "'";
}

/// "lr was '0.1', is '0.2'" for each setting that decides the result.
std::vector<std::string> differences(const Json& before, const Json& now) {
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
  return out;
}

void check_same_run(const fs::path& path, const Json& config) {
  const Json before = read_json(path);
  const auto settings = before.find("settings");
  if (settings == before.end() || !settings->is_object() ||
      !std::ranges::all_of(*settings, [](const Json& v) { return v.is_string(); })) {
    fail(path.string(), ": no configuration of a training run");
  }
  auto different = differences(*settings, config.at("settings"));
  if (before.value("data_sha256", "") != config.value("data_sha256", "")) {
    different.emplace_back("the training pictures are others");
  }
  if (!different.empty()) {
    fail(path.string(),
         ": the run was begun with other settings, so it cannot go on: ", join(different, "; "),
         "; give the old ones or choose another out=");
  }
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

RunFolder::RunFolder(fs::path path, const Json& config, bool resume) : path_(std::move(path)) {
  make_folders(path_);
  lock_ = FolderLock(path_, false);
  const fs::path json = path_ / "config.json";
  if (fs::exists(json)) {
    if (!resume) {
      fail(path_.string(),
           ": holds a training run already; resume=true goes on with it, another "
           "out= begins a new one");
    }
    check_same_run(json, config);
    return;
  }
  std::string yaml;
  for (const auto& [key, value] : config.at("settings").items()) {
    yaml += key + ": " + to_yaml(value.get<std::string>()) + "\n";
  }
  write_text(path_ / "config.yaml", yaml);
  write_json(json, config);
}

}  // namespace nescio
