// The part of the program that runs networks: what it answers to the rest, and how it is reached.
//
// It lies in a shared object beside the program, libnescio_networks.so, which loads libtorch; so the
// program does that only when a network is needed, and works without it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/description.h"
#include "cli/verb.h"
#include "expr/program.h"
#include "io/array_file.h"
#include "runtime/backbone.h"

namespace nescio::cli {

/// What libnescio_networks.so hands out.
class NetworkPart {
 public:
  virtual ~NetworkPart() = default;
  virtual std::string libtorch_version() const = 0;
  virtual std::vector<Description> networks() const = 0;
  virtual std::vector<Description> methods() const = 0;
  /// The verbs of cli_torch/; the catalogue of the program has only their summaries.
  virtual const std::vector<VerbInfo>& verbs() const = 0;
  /// Those of the catalogue that these weights fit, by names and shapes.
  virtual std::vector<std::string> fitting_networks(const io::StoredArrays& weights) const = 0;
  /// "NETWORK:WEIGHTS" on auto, cpu, cuda or cuda:N. Error as Model::load().
  virtual std::unique_ptr<runtime::Backbone> load_backbone(const std::string& model,
                                                           const std::string& device) const = 0;
  /// Expressions by libtorch on auto, cpu, cuda or cuda:N. Error for a device that is not there.
  virtual expr::Executor executor(const std::string& device) const = 0;
};

/// Whether this build can run networks; loads nothing.
bool has_network_part();
/// Whether somebody has asked for it in this process.
bool network_part_is_loaded();
/// Loads it when first called. Null where this build has none; Error where it cannot be loaded.
const NetworkPart* network_part();
/// The same; Error with what to do where this build has none.
const NetworkPart& needed_network_part();

}  // namespace nescio::cli
