// One pass of a network over a data set, into the feature bank.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "bank/feature_bank.h"
#include "base/progress.h"
#include "image/dataset.h"
#include "nn/model.h"

namespace nescio::extract {

/// {"network", "weights_sha256", "preprocessing"}: what a bank records of its network.
nlohmann::json identity_of(const nn::Model& model);

struct ExtractOptions {
  /// Pictures per pass; the last one is filled up, so that what a picture gives does not depend on
  /// how many there are. None: default_batch().
  std::optional<std::size_t> batch = {};
  /// Threads that prepare pictures; none: as many as it takes.
  std::optional<std::size_t> workers = {};
  /// What the network's classes are called; none: as its weights say.
  std::vector<std::string> class_names = {};
  /// Specs of probes, each of which adds an array: "odin(epsilon=0.0014)".
  std::vector<std::string> probes = {};
  Progress progress = {};
};

/// 128, or fewer on a CPU where pictures are large: the values between two layers then stay near
/// the processor, and memory flat.
std::size_t default_batch(const nn::Model& model);

struct Extracted {
  std::size_t rows = 0;
  std::size_t classes = 0;
  std::size_t feature_width = 0;
  std::vector<std::string> probes = {};    // the arrays of those that were asked for
  std::size_t skipped = 0;                 // broken pictures that were left out
  std::size_t rows_before = 0;             // that an interrupted extraction had left
  std::vector<std::string> there = {};     // arrays that the bank had from equal inputs, left alone
  std::vector<std::string> imported = {};  // those of them that an import has replaced since
  std::vector<std::string> gone = {};      // further arrays that were there, of other inputs
  std::optional<double> accuracy;  // share of rows whose largest logit is the label's; none unless
                                   // every label is a class of the network and called as there

  /// Nothing was done.
  bool was_there() const { return there.size() == 4 + probes.size(); }
};

/// Writes logits [N, C], features [N, D], labels [N] (-1 = none) and index [N] (row in the source
/// data) of `dataset` as `split` of the bank, what the probes add, the names of the pictures where they have some, and
/// the network's last layer as the bank's head where the logits are linear in the features.
///
/// The rows' inputs are `data_spec`, the data's SHA-256, its classes and the number of pictures skipped;
/// those of an array the weights' SHA-256, the preprocessing, the program's version and, in its name,
/// the probe with all its parameters. Batch and device change values by rounding only and are none.
/// An array that is there from equal inputs, or that an import replaced, is left alone, so a further
/// probe costs its own passes only; one that is missing, damaged or of other inputs is written, and
/// beside rows of other inputs all are. What is interrupted (Ctrl-C between two batches throws
/// Interrupted) goes on where it stopped.
/// Error if the bank's head or model is another network's, with both hashes.
/// Memory: a few batches per thread, whatever N.
Extracted extract(const nn::Model& model, const image::Dataset& dataset,
                  const std::string& data_spec, bank::FeatureBank& bank, const std::string& split,
                  const ExtractOptions& options = {});

}  // namespace nescio::extract
