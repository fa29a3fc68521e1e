// The pictures of a run, and the classes that they agree on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/notice.h"
#include "image/dataset.h"

namespace nescio::train {

struct TrainingData {
  std::unique_ptr<image::Dataset> train;
  std::unique_ptr<image::Dataset> val;       // null: none
  std::unique_ptr<image::Dataset> outliers;  // null: none
  std::int64_t classes = 0;  // the number of names, or the largest label + 1; 0 without labels
  std::vector<std::string> class_names;
  /// What somebody should know, one sentence each: labels that were renumbered, classes without a
  /// picture, outliers that are called as a class of the data is or have another size or colour.
  Notices warnings;
};

/// Opens the specs (`val` and `outliers` may be empty) and looks at every label, unless `labels` are
/// not needed; those of outliers mean nothing. Labels become those of `start_classes`, the names of the classes of the weights that
/// a run starts from, where both sides have names, and those of `val` those of `train`.
/// Error for a picture without a label, a label beyond the names, a single class, a class of `train`
/// or `val` that the other side does not know, and what open_dataset() refuses.
TrainingData open_training_data(const std::string& train, const std::string& val,
                                const std::string& outliers = {},
                                const std::vector<std::string>& start_classes = {},
                                bool labels = true);

}  // namespace nescio::train
