// Arrays that other programs wrote, checked and converted on their way into a bank.
#pragma once

#include <string>

#include "bank/feature_bank.h"
#include "base/array.h"

namespace nescio::cli {

/// An array of a file with the name that it will have in the bank, N > 0 rows. Every value has been
/// looked at: NaN, infinity, a float64 beyond the range of float32 and a label that is no whole
/// number are refused with their row.
class ForeignArray {
 public:
  const std::string& name() const { return name_; }
  /// The file, as it was named.
  const std::string& source() const { return source_; }
  std::size_t rows() const { return array_.rows(); }
  std::size_t width() const { return array_.cols(); }
  bank::ArrayPlan plan() const;
  /// Where it came from, for the manifest.
  nlohmann::json origin() const;
  /// Rows first .. first + count - 1 as they go into the bank: float32 [count, width] or
  /// int64 [count].
  Array window(std::size_t first, std::size_t count) const;
  Array all() const { return window(0, rows()); }

  /// What the file's values are.
  enum class Content { values, vector, integers, probabilities };

 private:
  friend ForeignArray read_foreign(const std::string&, const std::string&, Content);
  ForeignArray(std::string name, std::string source, Content content, Array array);

  Array logarithms(const Array& part, std::size_t first) const;

  std::string name_, source_;
  Content content_;
  Array array_;
  double whole_ = 1;  // of probabilities: what a row sums to, 1 or 100
};

/// Reads `source` (FILE or FILE#member):
///   values         [N, width] of a float type; further sides of 1 are left out
///   vector         [N] of a float type, or [N, 1]
///   integers       [N] of whole numbers in any type, or [N, 1]
///   probabilities  [N, width] as values; every row >= 0 with sum 1, or 100: their logarithm goes into
///                  the bank, of 0 that of the smallest normal float32
/// Error with what to do where type, shape or a value is another one.
ForeignArray read_foreign(const std::string& name, const std::string& source,
                          ForeignArray::Content content);

/// What rows given as logits are if not that: "probabilities", "probabilities in per cent",
/// "log-probabilities"; empty for logits.
std::string mistaken_logits(const ForeignArray& logits);

/// Which labels are no class of 0 .. classes - 1 and not -1 (none), as a sentence; empty if all are.
std::string strange_labels(const Array& labels, std::size_t classes);

/// The largest |logits - (features W^T + b)| over the first rows of a split as a share of the
/// range of these logits; 0 where the bank lacks one of them.
double head_error(const bank::FeatureBank& bank, const std::string& split);

}  // namespace nescio::cli
