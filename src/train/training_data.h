// The pictures of a run, and the classes that they agree on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/dataset.h"

namespace nescio {

struct TrainingData {
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> val;  // null: none
  std::int64_t classes = 0;      // the number of names, or the largest label + 1
  std::vector<std::string> class_names;
};

/// Opens both specs (`val` may be empty) and looks at every label. Error for a picture without a
/// label, a label beyond the names, a single class, and for classes of `val` that differ.
TrainingData open_training_data(const std::string& train, const std::string& val);

}  // namespace nescio
