// What a teacher has said about the training pictures, stored as a split of a bank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "image/datasets/dataset.h"

namespace nescio::train {

class Teacher {
 public:
  /// "BANK#SET/SPLIT" with the array logits [N, C], or with logits(view=0), logits(view=1), ...: what it
  /// said about each of several views of the pictures. Row i is picture i of `data`. Error if the split
  /// is of other pictures, as far as the bank knows, has another number of them, other classes or other
  /// names for them.
  Teacher(const std::string& spec, const image::Dataset& data, std::int64_t classes);

  /// How many different views of a picture it has seen; 0: the pictures as they are, whatever the view.
  std::size_t views() const { return views_; }
  std::size_t classes() const { return answers_[0].cols(); }
  /// [C] of a view of picture `item`.
  std::span<const float> logits(std::size_t item, std::size_t view) const;
  /// What tells its answers from others: the hashes of the arrays.
  const std::string& sha256() const { return sha256_; }

 private:
  std::size_t views_ = 0;
  std::vector<Array> answers_;  // one, or one for each view
  std::string sha256_;
};

}  // namespace nescio::train
