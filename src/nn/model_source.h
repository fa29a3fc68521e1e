// What a model spec names: NETWORK or NETWORK:PATH, with ?key=value&... behind it if wanted.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "base/notice.h"
#include "image/preprocessing.h"
#include "nn/model.h"

namespace nescio::nn {

struct ModelSource {
  const NetworkInfo* info = nullptr;
  std::string path;                      // empty: no weights are named
  std::map<std::string, Array> tensors;  // by the network's own names
  std::string sha256;                    // of the file, and of the part that was asked for
  image::Preprocessing preprocessing;    // as Model::load() says
  std::vector<std::string> class_names;  // as the file says; empty where it does not
  Notices notices;                       // what a user should know about how they were read

  /// "[resnet20] PATH", to begin a message with.
  std::string where() const;
};

/// What may stand behind '?': preprocessing_parameters(), and key= and prefix=, which say where in
/// the file the weights are.
const std::vector<Parameter<image::PreprocessingChanges>>& model_parameters();

/// Reads the weights, if the spec names some, as choose_weights() does; only the last layer may be
/// missing. UsageError for unknown networks and options and for preprocessing that makes no sense
/// with them; Error for a file that is damaged, fits another network or says that it belongs to one.
ModelSource read_model_source(std::string_view spec);

}  // namespace nescio::nn
