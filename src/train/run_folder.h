// The folder of a run: who it belongs to, and what it was asked to do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/file.h"

namespace nescio::train {

/// Holds a run's folder against others as long as it lives.
class RunFolder {
 public:
  /// `config` has an object "settings" of texts and whatever else belongs on record. Begins a run
  /// by writing config.json and config.yaml; with `resume`, a run that is there goes on, with
  /// `changed` even where its settings were others, and what a kill left of writing its files goes.
  /// Error if the folder cannot be written, holds a run and `resume` is false, holds another run
  /// (with the differences), or is in use.
  RunFolder(std::filesystem::path path, const nlohmann::ordered_json& config, bool resume,
            bool changed = false);

  /// Puts what was changed on record, with the settings that now hold: an entry of "changes" in
  /// config.json, {"step": steps done before, "settings": ["lr was '0.1', is '0.2'", ...]}.
  void record_changes(std::int64_t step);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(const nlohmann::ordered_json& config) const;

  std::filesystem::path path_;
  nlohmann::ordered_json changed_ = {};  // the new configuration; null: it is as it was
  std::vector<std::string> differences_;
  io::FolderLock lock_;
};

}  // namespace nescio::train
