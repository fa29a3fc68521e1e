// Arrays that other programs wrote, checked and converted on their way into a bank.
#pragma once

#include <string>

#include "bank/feature_bank.h"
#include "base/array.h"

namespace nescio {

/// An array of a file with the name that it will have in the bank.
class ForeignArray {
 public:
  ForeignArray(std::string name, std::string source, DType target, Array array)
      : name_(std::move(name)),
        source_(std::move(source)),
        target_(target),
        array_(std::move(array)) {}

  const std::string& name() const { return name_; }
  /// The file, as it was named.
  const std::string& source() const { return source_; }
  std::size_t rows() const { return array_.rows(); }
  std::size_t width() const { return array_.cols(); }
  ArrayPlan plan() const;
  /// Of the values in the file.
  std::string sha256() const;
  /// Rows first .. first + count - 1 as float32 or int64. Error for NaN, infinity, a float64 beyond
  /// the range of float32 (with row and column) and for a label that is no whole number.
  Array window(std::size_t first, std::size_t count) const;

 private:
  std::string name_, source_;
  DType target_;
  Array array_;
};

/// [N, width] of any float type, N and width > 0. `source` as read_array() takes it.
ForeignArray read_values(const std::string& name, const std::string& source);
/// [N] (or [N, 1]) of any float type, N > 0.
ForeignArray read_vector(const std::string& name, const std::string& source);
/// [N] (or [N, 1]) of whole numbers, N > 0.
ForeignArray read_integers(const std::string& name, const std::string& source);

/// The largest |logits - (features W^T + b)| over the first rows of a split as a share of the
/// range of these logits; 0 where the bank lacks one of them.
double head_error(const FeatureBank& bank, const std::string& split);

}  // namespace nescio
