// The part of the program that runs networks: what it answers to the rest, and how it is reached.
//
// It lies in a shared object beside the program, libnescio_networks.so, which loads libtorch; so the
// program does that only when a network is needed, and works without it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bank/feature_bank.h"
#include "base/notice.h"
#include "cli/description.h"
#include "cli/verb.h"
#include "image/dataset.h"
#include "image/preprocessing.h"

namespace nescio::cli {

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
  /// What they are called, by number; empty where the weights do not say.
  virtual std::vector<std::string> class_names() const = 0;
  virtual const image::Preprocessing& preprocessing() const = 0;
  /// What a user should know about how the weights were read.
  virtual const Notices& notices() const = 0;
  /// {"network", "weights_sha256", "preprocessing"}, as a bank records it.
  virtual nlohmann::json identity() const = 0;
  /// `images` is [B, 3, height, width] as a Preprocessor makes them, B > 0.
  virtual BackboneOutputs forward(std::span<const float> images) const = 0;
  /// One pass over the data set `spec` into a split of the bank, as the verb `extract` makes it: a
  /// split that is there from equal inputs is left alone. Says in the log what was done; returns
  /// the accuracy where every label is a class of the network.
  virtual std::optional<double> extract(const image::Dataset& dataset, const std::string& spec,
                                        bank::FeatureBank& bank, const std::string& split,
                                        const ExtractionSettings& settings,
                                        const Console& console) const = 0;
};

/// What libnescio_networks.so hands out.
class NetworkPart {
 public:
  virtual ~NetworkPart() = default;
  virtual std::string libtorch_version() const = 0;
  virtual std::vector<Description> networks() const = 0;
  virtual std::vector<Description> methods() const = 0;
  virtual std::vector<Description> probes() const = 0;
  /// The verbs of cli_torch/; the catalogue of the program has only their summaries.
  virtual const std::vector<VerbInfo>& verbs() const = 0;
  /// "NETWORK:WEIGHTS" on auto, cpu, cuda or cuda:N. Error as Model::load().
  virtual std::unique_ptr<Backbone> load_backbone(const std::string& model,
                                                  const std::string& device) const = 0;
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
