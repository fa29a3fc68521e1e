// What the part that runs networks answers to the rest of the program.
//
// cli_torch/network_part.cpp is linked where libtorch is there, no_network_part.cpp elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bank/feature_bank.h"
#include "cli/description.h"
#include "cli/verb.h"
#include "image/dataset.h"
#include "image/preprocessing.h"

namespace nescio {

/// "2.13.0", or "no libtorch".
std::string libtorch_version();
/// The networks that can be loaded; none without libtorch.
std::optional<std::vector<Description>> describe_networks();
/// The same of the training methods.
std::optional<std::vector<Description>> describe_methods();
/// And of the probes.
std::optional<std::vector<Description>> describe_probes();

/// What a network says about a batch.
struct BackboneOutputs {
  Array logits;    // [B, C] float32
  Array features;  // [B, D] float32
};

/// What a user may choose about an extraction.
struct ExtractionSettings {
  std::optional<std::int64_t> batch;  // pictures per pass; none: what suits the network
  std::vector<std::string> probes;    // specs
};

/// The torch-free face of a network with its weights.
class Backbone {
 public:
  virtual ~Backbone() = default;
  virtual std::size_t classes() const = 0;
  virtual const Preprocessing& preprocessing() const = 0;
  /// {"network", "weights_sha256", "preprocessing"}, as a bank records it.
  virtual nlohmann::json identity() const = 0;
  /// `images` is [B, 3, height, width] as a Preprocessor makes them, B > 0.
  virtual BackboneOutputs forward(std::span<const float> images) const = 0;
  /// One pass over the data set `spec` into a split of the bank, as the verb `extract` makes it: a
  /// split that is there from equal inputs is left alone. Says in the log what was done; returns
  /// the accuracy where every label is a class of the network.
  virtual std::optional<double> extract(const Dataset& dataset, const std::string& spec,
                                        FeatureBank& bank, const std::string& split,
                                        const ExtractionSettings& settings,
                                        const Console& console) const = 0;
};

/// "NETWORK:WEIGHTS" on auto, cpu, cuda or cuda:N. Error as Model::load(), and without libtorch.
std::unique_ptr<Backbone> load_backbone(const std::string& model, const std::string& device);

}  // namespace nescio
