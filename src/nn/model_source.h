// What a model spec names: NETWORK or NETWORK:PATH, with ?key=value&... behind it if wanted.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "image/preprocessing.h"
#include "nn/model.h"

namespace nescio {

struct ModelSource {
  const NetworkInfo* info = nullptr;
  std::string path;                      // empty: no weights are named
  std::map<std::string, Array> tensors;  // by the network's own names
  std::string sha256;                    // of the file
  Preprocessing preprocessing;           // as Model::load() says
  std::vector<std::string> class_names;  // as the file says; empty where it does not

  /// "[resnet20] PATH", to begin a message with.
  std::string where() const;
};

/// Reads the weights, if the spec names some; whether they fit the network is not looked at.
/// UsageError for unknown networks and options and for preprocessing that makes no sense with them;
/// Error for a file that is damaged or says that it belongs to another network.
ModelSource read_model_source(std::string_view spec);

}  // namespace nescio
