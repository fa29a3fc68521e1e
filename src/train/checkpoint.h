// Everything that a run needs to go on after a kill, in a folder of its own.
//
//   RUN/checkpoints/step-00001000.safetensors    weights, buffers, optimiser, method
//   RUN/checkpoints/step-00001000.json           the rest, and the SHA-256 of the tensors' file
//
// The JSON is written last, so what has one is complete. The newest two are kept, or those that are asked for.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/array.h"
#include "base/notice.h"

namespace nescio::train {

struct Checkpoint {
  std::int64_t step = 0;  // steps done
  nlohmann::json state;
  std::map<std::string, Array> tensors;
  /// What the tensors' file says of itself, so that it can be taken as the weights of a model.
  std::map<std::string, std::string> facts = {};
};

/// Which checkpoints stay: the newest ones, and those of every so many steps; 0: no others.
struct KeptCheckpoints {
  std::size_t newest = 2;
  std::int64_t every = 0;
};

/// "2" or "every(1000)". Error for anything else, and for less than two.
KeptCheckpoints kept_checkpoints(std::string_view text);

/// The name of a tensor that holds NaN or infinity.
std::optional<std::string> first_not_finite(const std::map<std::string, Array>& tensors);

class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder, KeptCheckpoints keep = {})
      : folder_(std::move(folder)), keep_(keep) {}

  /// Waits until it is on the disk, then removes those that need not stay. Until then,
  /// and if there is an Error, those that were there stay.
  /// Error, and nothing written, if a tensor holds NaN or infinity.
  void save(const Checkpoint& checkpoint) const;

  /// The newest that is whole; `warn` gets a sentence for each that is not. None if there are none
  /// at all; Error if all are damaged.
  std::optional<Checkpoint> newest(const Notice& warn) const;

  /// The path of the newest, without looking into it.
  std::optional<std::filesystem::path> newest_path() const;

  /// Steps and paths of the tensors of all of them, the oldest first, without looking into them.
  std::vector<std::pair<std::int64_t, std::filesystem::path>> all() const;

 private:
  std::filesystem::path folder_;
  KeptCheckpoints keep_;
};

}  // namespace nescio::train
