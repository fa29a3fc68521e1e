#include "train/training_data.h"

#include <algorithm>

#include "base/error.h"
#include "base/threads.h"

namespace nescio {
namespace {

/// The largest label; Error unless all are in 0 .. classes - 1 (classes 0: any from 0).
std::int64_t check_labels(const Dataset& dataset, std::int64_t classes, std::string_view role) {
  std::vector<std::int64_t> labels(dataset.size());
  parallel_for(labels.size(), [&](std::size_t i) { labels[i] = dataset.label(i); });
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && (classes == 0 || labels[i] < classes)) continue;
    const std::string name = dataset.name(i).empty() ? text("picture ", i) : dataset.name(i);
    if (labels[i] < 0) fail(role, ": ", name, " has no label; training needs one for each picture");
    fail(role, ": ", name, " has the label ", labels[i], ", expected 0 .. ", classes - 1, ", the ",
         classes, " classes of data");
  }
  return *std::ranges::max_element(labels);
}

void check_names(const std::vector<std::string>& train, const std::vector<std::string>& val) {
  if (train.empty() || val.empty() || train == val) return;
  if (train.size() != val.size()) {
    fail("val: expected the ", train.size(), " classes of data, found ", val.size());
  }
  const auto [ours, theirs] = std::ranges::mismatch(train, val);
  fail("val: class ", ours - train.begin(), " is called '", *theirs, "', and '", *ours,
       "' in data; both must have the same classes in the same order");
}

}  // namespace

TrainingData open_training_data(const std::string& train, const std::string& val) {
  TrainingData data;
  data.train = open_dataset(train);
  data.class_names = data.train->class_names();
  data.classes = static_cast<std::int64_t>(data.class_names.size());
  const std::int64_t largest = check_labels(*data.train, data.classes, "data");
  if (data.classes == 0) data.classes = largest + 1;
  if (data.classes < 2) fail("data: expected at least 2 classes, found ", data.classes);
  if (!val.empty()) {
    data.val = open_dataset(val);
    check_names(data.class_names, data.val->class_names());
    check_labels(*data.val, data.classes, "val");
  }
  return data;
}

}  // namespace nescio
