// The rows of one split as fit, score and evaluate see them, wherever they lie.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bank/feature_bank.h"

namespace nescio::bank {

/// An array of a view. What it is like is known; its values are read when they are asked for.
struct ViewedArray {
  DType dtype = DType::float32;
  Shape shape;                  // [rows, ...]
  std::function<Array()> read;  // Error as its source has it, for a damaged one

  bool is_matrix() const { return dtype == DType::float32 && shape.size() == 2; }
};

/// What is known of the network that arrays of a view come from.
struct ViewedNetwork {
  std::size_t classes = 0;                         // 0: neither logits nor a head say
  std::function<std::optional<Head>()> head = {};  // none where there is no function either
  /// Of a bank on disk: "path" and what it records, "model" (network, hash of its weights,
  /// preprocessing) and "head" (its arrays with their hashes). Null of arrays in memory.
  nlohmann::json origin = {};
};

/// Arrays of equally many rows by name, and what belongs to the rows. A value that is cheap to copy;
/// nothing is read before array(), and then only that one.
struct BankView {
  std::string name;  // "cifar10/train", for messages
  std::size_t rows = 0;
  std::map<std::string, ViewedArray, std::less<>> arrays;
  /// By what the names of its arrays begin with: "" of one bank, of several what side_by_side() puts
  /// before them.
  std::map<std::string, ViewedNetwork, std::less<>> networks;
  std::vector<std::string> class_names;  // by label; empty where not known
  std::string rows_are;  // what tells these rows from others, for people; may be empty
  /// The command that adds arrays of probes, but for probes=; empty where none can.
  std::string extracted_by;
  /// The entry of a split in the manifest of its bank: "inputs", "arrays" with their hashes. Null of
  /// arrays in memory and of a choice of rows.
  nlohmann::json origin = {};
  /// Of one_after_another(): the names of the splits that stand in it; empty of any other.
  std::vector<std::string> parts = {};

  bool has(std::string_view array) const { return arrays.contains(array); }
  /// Error names what there is instead.
  Array array(std::string_view which) const;
  /// [rows] int64; empty where there are none.
  Array labels() const;
  std::optional<Head> head(std::string_view member = "") const;
  /// As logits or head say, else as many as there are labels 0 .. C - 1; 0 without any of them.
  std::size_t classes(std::string_view member = "") const;
};

/// The views of a bank's splits by name.
class BankViews {
 public:
  BankViews() = default;
  /// Of a bank on disk; its manifest is copied, its arrays are not.
  BankViews(const FeatureBank& bank);  // NOLINT: a bank is what most callers have
  explicit BankViews(std::vector<BankView> views);

  bool has(std::string_view split) const { return views_.contains(split); }
  bool has(std::string_view split, std::string_view array) const;
  /// Error names the splits that are there.
  const BankView& at(std::string_view split) const;
  auto begin() const { return views_.begin(); }
  auto end() const { return views_.end(); }
  std::optional<Head> head(std::string_view member = "") const;
  /// Of any split; 0 where none knows.
  std::size_t classes(std::string_view member = "") const;
  /// Of the features, or of the head, of any split; 0 where none knows.
  std::size_t feature_width() const;
  /// ViewedNetwork::origin.
  nlohmann::json origin(std::string_view member = "") const;
  /// The networks that stand side by side here: {""} for one bank.
  std::vector<std::string> members() const;
  /// What one of them says, with its arrays under their own names.
  BankViews of_member(std::string_view member) const;
  /// These and one more; Error if its name is taken.
  BankViews with(BankView view) const;

 private:
  std::string from_;  // for messages
  std::map<std::string, BankView, std::less<>> views_;
};

/// How many rows splits have, and of a bank on disk the hashes of their arrays and of the head, by name: for
/// require_alike().
std::vector<std::pair<std::string, std::string>> contents_of(
    const BankViews& views, const std::vector<std::string>& splits);

/// Arrays in memory: Error unless they have equally many rows.
BankView view_of(std::string name, const std::map<std::string, Array>& arrays,
                 const std::optional<Head>& head = {});
/// The rows first .. first + count - 1: a shard; shares storage.
BankView slice(const BankView& view, std::size_t first, std::size_t count);
/// Some rows in this order; an array is copied when it is read.
BankView select(const BankView& view, std::vector<std::size_t> rows);
/// The rows of splits of one bank, one split after the other. It has the arrays that all of them have, with
/// rows of one kind; an array is copied when it is read.
BankView one_after_another(std::string name, const std::vector<BankView>& parts);
/// The same rows as several networks see them. Arrays are called MEMBER/NAME, but for what the rows
/// themselves have: labels and index, which stand there once, from the first that has them.
/// Error, also of reading labels or index, where the members have other rows.
BankView side_by_side(const std::vector<std::pair<std::string, BankView>>& members);
/// Of the splits that all of them have. A single bank stays what it is.
BankViews side_by_side(const std::vector<std::pair<std::string, BankViews>>& members);

}  // namespace nescio::bank
