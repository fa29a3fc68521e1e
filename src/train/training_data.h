// The pictures of a run, and the classes that they agree on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/notice.h"
#include "image/datasets/dataset.h"
#include "train/method_info.h"
#include "train/settings.h"
#include "train/teacher.h"

namespace nescio::train {

struct TrainingData {
  std::unique_ptr<image::Dataset> train;
  std::unique_ptr<image::Dataset> val;       // null: none
  std::unique_ptr<image::Dataset> outliers;  // null: none
  std::unique_ptr<Teacher> teacher;          // null: none
  std::vector<float> weights;                // by picture; empty: all 1
  std::string weights_sha256;                // of their file
  std::int64_t classes = 0;  // the number of names, or the largest label + 1; 0 without labels
  std::vector<std::string> class_names;
  /// What somebody should know, one sentence each: labels that were renumbered, classes without a
  /// picture, outliers that are called as a class of the data is or have another size or colour.
  Notices warnings;
};

/// Opens what the settings name and looks at every label, unless `needs` says that none are read;
/// labels of outliers mean nothing. Labels become those of `start_classes`, the names of the classes of
/// the weights that a run starts from, where both sides have names, and those of `val` those of `data`.
/// Error for a picture without a label, a label beyond the names, a single class, a class of `data`
/// or `val` that the other side does not know, weights that are not one number of 0 or more for each
/// picture, and what open_dataset() and Teacher refuse.
TrainingData open_training_data(const TrainSettings& settings, const MethodNeeds& needs = {},
                                const std::vector<std::string>& start_classes = {});

}  // namespace nescio::train
