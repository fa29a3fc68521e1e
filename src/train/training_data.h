// The pictures of a run, and the classes that they agree on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/notice.h"
#include "image/dataset.h"

namespace nescio {

struct TrainingData {
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> val;       // null: none
  std::unique_ptr<Dataset> outliers;  // null: none
  std::int64_t classes = 0;           // the number of names, or the largest label + 1
  std::vector<std::string> class_names;
  /// What makes outliers worse than they could be, one sentence each: classes that are called as
  /// one of the data is, pictures of another size or colour.
  Notices warnings;
};

/// Opens the specs (`val` and `outliers` may be empty) and looks at every label; those of outliers
/// mean nothing. Error for a picture without a label, a label beyond the names, a single class, for
/// classes of `val` that differ, and what open_dataset() refuses.
TrainingData open_training_data(const std::string& train, const std::string& val,
                                const std::string& outliers = {});

}  // namespace nescio
