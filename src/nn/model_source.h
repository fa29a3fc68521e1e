// What a model spec names: NETWORK or NETWORK:PATH, with (key=value,...) behind the network and
// ?key=value&... behind all of it if wanted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/notice.h"
#include "image/preprocessing.h"
#include "nn/network_info.h"

namespace nescio::nn {

struct ModelSource {
  DesignedNetwork network;
  std::string path;                      // empty: no weights are named
  Tensors tensors;                       // as the network has them
  std::string sha256;                    // of the file, and of the part that was asked for
  image::Preprocessing preprocessing;    // as Model::load() says
  std::vector<std::string> class_names;  // as the file says; empty where it does not
  std::optional<std::string> precision;  // that passes are asked to have
  bool cuda_graphs = false;              // and whether a GPU records them
  Notices notices;                       // what a user should know about how they were read

  /// "[resnet20] PATH", to begin a message with.
  std::string where() const;
};

/// What may stand behind '?': preprocessing_parameters(), key= and prefix=, which say where in the file the
/// weights are, and precision= and cuda_graphs=, which say how passes run.
const std::vector<Parameter<image::PreprocessingChanges>>& model_parameters();

/// The network's parameters are those that the spec gives; if it gives none, those that the file says
/// ("nescio.network"), which is told. Reads the weights, if the spec names some, as choose_weights() does; only the last layer may be
/// missing. UsageError for unknown networks and options and for preprocessing that makes no sense
/// with them; Error for a file that is damaged, fits another network or says that it belongs to one.
ModelSource read_model_source(std::string_view spec);

}  // namespace nescio::nn
