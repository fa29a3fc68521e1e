#include "train/training_data.h"

#include <algorithm>
#include <cctype>
#include <set>

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

/// Lower case, and blanks for what stands between words.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool gap = c == '_' || c == '-';
    out += gap ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

void warn_of_shared_classes(TrainingData& data) {
  std::set<std::string> ours;
  for (const std::string& name : data.class_names) ours.insert(plain(name));
  std::vector<std::string> shared;
  for (const std::string& name : data.outliers->class_names()) {
    if (ours.contains(plain(name))) shared.push_back(name);
  }
  if (shared.empty()) return;
  data.warnings.push_back(text("outliers: ", shared.size() == 1 ? "the class " : "the classes ",
                               join(shared), shared.size() == 1 ? " is" : " are",
                               " called like classes of data; the network would learn not to know "
                               "them (classes= or except= leave them out)"));
}

std::string describe(const Image& image) {
  return text(image.height, " x ", image.width, image.channels == 1 ? " grey" : " colour");
}

void warn_of_other_pictures(TrainingData& data) {
  const std::string ours = describe(data.train->load(0).image);
  const std::string theirs = describe(data.outliers->load(0).image);
  if (ours == theirs) return;
  data.warnings.push_back(text("outliers: the first picture is ", theirs, ", that of data ", ours,
                               "; a network may learn to tell them apart by that alone"));
}

}  // namespace

TrainingData open_training_data(const std::string& train, const std::string& val,
                                const std::string& outliers) {
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
  if (!outliers.empty()) {
    data.outliers = open_dataset(outliers);
    warn_of_shared_classes(data);
    warn_of_other_pictures(data);
  }
  return data;
}

}  // namespace nescio
