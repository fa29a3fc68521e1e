// The feature bank: what a network said about data sets, on disk, readable without the network.
//
//   BANK/bank.json                                   manifest: shapes, dtypes, SHA-256 of each array, where it came from
//   BANK/head/{weight,bias}.npy                      the last layer: W [C, D], b [C]
//   BANK/<set>/<split>/{logits,features,labels,index,...}.npy
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/array.h"

namespace nescio {

/// The last layer: logits = features W^T + b. W [C, D], b [C], float32.
struct Head {
  Array weight;
  Array bias;
};

class FeatureBank {
 public:
  /// Throws Error if there is no bank at the path (and says how to make one) or it is damaged.
  static FeatureBank open(const std::filesystem::path& path);
  /// Opens it, or makes an empty one.
  static FeatureBank open_or_create(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// "cifar10/test", ... sorted.
  std::vector<std::string> splits() const;
  bool has(std::string_view split) const;
  bool has(std::string_view split, std::string_view array) const;
  std::size_t rows(std::string_view split) const;
  /// A mapped array; Error names what the bank has instead.
  Array array(std::string_view split, std::string_view name) const;
  std::optional<Head> head() const;
  /// Classes and feature width of the bank (0 = not known), from the head or any split.
  std::size_t classes() const;
  std::size_t feature_width() const;

  /// Replaces the head. Shapes must agree with each other and with the splits that are there.
  void set_head(const Head& head, const nlohmann::json& origin);
  /// The manifest of one split: arrays (dtype, shape, sha256), origin, inputs.
  const nlohmann::json& manifest(std::string_view split) const;
  /// Network, preprocessing: bank-wide facts; written by extraction, {} where unknown.
  const nlohmann::json& model() const;
  void set_model(const nlohmann::json& model);
  /// Recomputes the SHA-256 of every array; Error lists the arrays that differ from the manifest.
  void verify() const;

 private:
  friend class SplitWriter;
  explicit FeatureBank(std::filesystem::path path) : path_(std::move(path)) {}
  void save_manifest() const;

  std::filesystem::path path_;
  nlohmann::json manifest_;
};

/// An array that a split will have: rows x row_shape.
struct ArrayPlan {
  std::string name;
  DType dtype = DType::float32;
  Shape row_shape;
};

/// Writes one split: preallocated arrays and a journal in BANK/.partial, renamed into place when complete.
/// A writer with the same rows, arrays and inputs as an interrupted one goes on where that one stopped;
/// otherwise what is left of it is thrown away. Replaces a split of the same name only in finish().
class SplitWriter {
 public:
  /// `inputs` is everything that the values depend on (hashes of weights, data, preprocessing ...).
  SplitWriter(FeatureBank& bank, std::string split, std::size_t rows, std::vector<ArrayPlan> arrays,
              nlohmann::json inputs);
  /// Rows that are already there.
  std::size_t done() const { return done_; }
  /// Rows done() .. done() + n - 1 of the array called `name`; dtype and row shape must be as planned.
  void write(std::string_view name, const Array& rows);
  /// All arrays have been given the next `rows` rows: they reach the disk, then the journal says so.
  void commit(std::size_t rows);
  /// Every row is there: checks that logits and features are finite (Error with row and column),
  /// hashes, renames, extends the manifest.
  void finish();

 private:
  FeatureBank& bank_;
  std::string split_;
  std::size_t rows_;
  std::vector<ArrayPlan> arrays_;
  nlohmann::json inputs_;
  std::filesystem::path folder_;
  std::size_t done_ = 0;
};

}  // namespace nescio
