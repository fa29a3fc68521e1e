// The pictures behind the rows of a split, if they can still be had.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "image/datasets/dataset.h"

namespace nescio::report {

/// Row i of a split is picture i of the data set that its manifest names.
class SplitPictures {
 public:
  /// Never throws: where there are no pictures, problem() says why in one sentence.
  SplitPictures(const bank::BankViews& bank, const std::string& split);

  const std::string& problem() const { return problem_; }
  /// By label of this data set; empty where not known.
  std::vector<std::string> class_names() const;
  /// The picture of a row. Error if it cannot be read or is another one than was extracted.
  image::Sample load(std::size_t row) const;
  /// Its file; empty where pictures have no names.
  std::string name(std::size_t row) const;

 private:
  std::string problem_;
  std::unique_ptr<image::Dataset> dataset_;
  Array index_;  // [N] int64, empty where the bank has none
};

/// The picture as a data: URI (PNG), its long side at most `side` pixels.
std::string thumbnail(const image::Image& image, std::size_t side);

}  // namespace nescio::report
