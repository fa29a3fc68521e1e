// The folder of a run: who it belongs to, and what it was asked to do.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "io/file.h"

namespace nescio {

/// Holds a run's folder against others as long as it lives.
class RunFolder {
 public:
  /// `config` has an object "settings" of texts and whatever else belongs on record. Begins a run
  /// by writing config.json and config.yaml; with `resume`, a run that is there goes on.
  /// Error if the folder cannot be written, holds a run and `resume` is false, holds another run
  /// (with the differences), or is in use.
  RunFolder(std::filesystem::path path, const nlohmann::ordered_json& config, bool resume);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  FolderLock lock_;
};

}  // namespace nescio
