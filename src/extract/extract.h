// One pass of a network over a data set, into the feature bank.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "base/communicator.h"
#include "base/notice.h"
#include "base/progress.h"
#include "extract/learning.h"
#include "image/datasets/dataset.h"
#include "runtime/backbone.h"

namespace nescio::extract {

/// What a student is to learn from (bank/answers.h): the network's answers to several views of each
/// picture, in the place of logits, features and probes.
struct AnswerOptions {
  std::size_t views = 0;  // 0: none of this
  std::string augment = "none";
  std::uint64_t seed = 0;         // of the views
  std::size_t top = 0;            // how many classes are kept; 0: all logits
  std::string dtype = "float32";  // or float16
};

struct ExtractOptions {
  std::optional<std::size_t> batch = {};    // as PassOptions has it
  std::optional<std::size_t> workers = {};  // the same
  /// What the network's classes are called; none: as its weights say.
  std::vector<std::string> class_names = {};
  /// Specs of probes, each of which adds an array: "odin(epsilon=0.0014)".
  std::vector<std::string> probes = {};
  AnswerOptions answers = {};
  /// What probes learn from that have not learned in this bank yet.
  FitPictures fit = {};
  Progress progress = {};
};

struct Extracted {
  std::size_t rows = 0;
  std::size_t classes = 0;
  std::size_t feature_width = 0;           // 0: answers alone, which have no features
  std::vector<std::string> arrays = {};    // all that were asked for
  std::vector<std::string> probes = {};    // those of them that are of probes
  std::size_t skipped = 0;                 // broken pictures that were left out
  std::size_t rows_before = 0;             // that an interrupted extraction had left
  std::vector<std::string> there = {};     // arrays that the bank had from equal inputs, left alone
  std::vector<std::string> imported = {};  // those of them that an import has replaced since
  std::vector<std::string> gone = {};      // further arrays that were there, of other inputs
  Notices notices =
      {};  // what the user should know: arrays of other splits that do not go with these
  std::optional<double> accuracy;  // share of rows whose largest logit is the label's; none unless
                                   // every label is a class of the network and called as there

  /// Nothing was done.
  bool was_there() const { return there.size() == arrays.size(); }
};

/// Writes logits [N, C], features [N, D], labels [N] (-1 = none) and index [N] (row in the source
/// data) of `dataset` as `split` of the bank, what the probes add, the names of the pictures where they have some, and
/// the network's last layer as the bank's head where the logits are linear in the features. With
/// `answers` the answers to each view, labels and index, a pass for each view; the pixels of a view are
/// those that a training run with these views sees.
///
/// The rows' inputs are `data_spec`, the data's SHA-256, its classes and the number of pictures skipped;
/// those of an array the weights' SHA-256, the preprocessing, the program's version and, in its name,
/// the probe with all its parameters; what a probe has learned before, it has learned from the pictures
/// `fit`. Batch and device change values by rounding only and are none.
/// An array that is there from equal inputs, or that an import replaced, is left alone, so a further
/// probe costs its own passes only; one that is missing, damaged or of other inputs is written, and
/// beside rows of other inputs all are. What is interrupted (Ctrl-C between two batches throws
/// Interrupted) goes on where it stopped.
/// Error if the bank's head or model is another network's, with both hashes.
/// Memory: a few batches per thread, whatever N.
///
/// Several processes, which call it together, take whole batches of the rows that are missing, each its
/// own, so the bits are those of one process with the same batch; the first one lets probes learn, writes
/// the manifest, and alone knows the accuracy.
Extracted extract(const runtime::Backbone& network, const image::Dataset& dataset,
                  const std::string& data_spec, bank::FeatureBank& bank, const std::string& split,
                  const ExtractOptions& options = {}, Communicator& processes = alone());

}  // namespace nescio::extract
