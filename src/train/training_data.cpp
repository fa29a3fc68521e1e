#include "train/training_data.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "base/class_names.h"
#include "base/error.h"
#include "base/threads.h"
#include "image/datasets/renumbered.h"
#include "io/npy.h"
#include "io/sha256.h"

namespace nescio::train {
namespace {

constexpr std::int64_t most_classes = 10'000'000;

/// The labels of all pictures; Error unless they are in 0 .. classes - 1 (classes 0: any from 0).
std::vector<std::int64_t> read_labels(const image::Dataset& dataset, std::int64_t classes,
                                      std::string_view role) {
  std::vector<std::int64_t> labels(dataset.size());
  parallel_for(labels.size(), [&](std::size_t i) { labels[i] = dataset.label(i); });
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && (classes == 0 || labels[i] < classes)) continue;
    const std::string name = dataset.name(i).empty() ? text("picture ", i) : dataset.name(i);
    if (labels[i] < 0) fail(role, ": ", name, " has no label; training needs one for each picture");
    fail(role, ": ", name, " has the label ", labels[i], ", expected 0 .. ", classes - 1, ", the ",
         classes, " classes of data");
  }
  return labels;
}

void warn_of_empty_classes(TrainingData& data, const std::vector<std::int64_t>& labels) {
  std::vector<bool> seen(static_cast<std::size_t>(data.classes));
  for (const std::int64_t label : labels) seen[static_cast<std::size_t>(label)] = true;
  std::vector<std::string> empty;
  for (std::size_t c = 0; c < seen.size(); ++c) {
    if (!seen[c]) empty.push_back(data.class_names.empty() ? text(c) : data.class_names[c]);
  }
  if (empty.empty()) return;
  data.warnings.push_back(text("data: no picture of ", empty.size(), " of the ", data.classes,
                               " classes: ", first_names(empty),
                               "; the network learns never to answer with them"));
}

/// The training pictures, numbered as the weights that a run starts from number their classes.
std::unique_ptr<image::Dataset> open_pictures(const std::string& spec,
                                              const std::vector<std::string>& start_classes,
                                              const Notice& notice) {
  auto pictures = image::open_dataset(spec);
  try {
    return image::in_classes_of(start_classes, "the start weights", std::move(pictures),
                                image::LabelUse::answers, "data", notice);
  } catch (const Error& e) {
    fail(e.what(), "; new_head=true starts with a new last layer");
  }
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

std::string describe(const image::Image& image) {
  return text(image.height, " x ", image.width, image.channels == 1 ? " grey" : " colour");
}

void warn_of_other_pictures(TrainingData& data) {
  const std::string ours = describe(data.train->load(0).image);
  const std::string theirs = describe(data.outliers->load(0).image);
  if (ours == theirs) return;
  data.warnings.push_back(text("outliers: the first picture is ", theirs, ", that of data ", ours,
                               "; a network may learn to tell them apart by that alone"));
}

void read_weights(TrainingData& data, const std::string& path) {
  const Array values = io::read_npy(path).to_float32();
  if (values.shape().size() != 1 || values.size() != data.train->size()) {
    fail("weights: expected a number for each of the ", data.train->size(), " pictures, found ",
         to_string(values.shape()), " (", path, ")");
  }
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float weight = values.as<float>()[i];
    if (!std::isfinite(weight) || weight < 0) {
      fail("weights: expected numbers of 0 or more, found ", weight, " for picture ", i, " (", path,
           ")");
    }
    sum += weight;
  }
  if (sum == 0) fail("weights: all are 0 (", path, ")");
  data.weights.assign(values.as<float>().begin(), values.as<float>().end());
  data.weights_sha256 = io::sha256_file(path);
}

/// `train` and `val`, their labels as numbers of the same classes.
void open_labelled(TrainingData& data, const std::string& train, const std::string& val,
                   const std::vector<std::string>& start_classes, const Notice& notice) {
  data.train = open_pictures(train, start_classes, notice);
  data.class_names = data.train->class_names();
  data.classes = static_cast<std::int64_t>(data.class_names.size());
  const auto labels = read_labels(*data.train, data.classes, "data");
  if (data.classes == 0) data.classes = *std::ranges::max_element(labels) + 1;
  if (data.classes < 2) fail("data: expected at least 2 classes, found ", data.classes);
  if (data.classes > most_classes) {
    fail("data: expected at most ", most_classes, " classes, found the label ", data.classes - 1);
  }
  warn_of_empty_classes(data, labels);
  if (val.empty()) return;
  data.val = image::in_classes_of(data.class_names, "data", image::open_dataset(val),
                                  image::LabelUse::answers, "val", notice);
  read_labels(*data.val, data.classes, "val");
}

}  // namespace

TrainingData open_training_data(const TrainSettings& settings, const MethodNeeds& needs,
                                const std::vector<std::string>& start_classes) {
  TrainingData data;
  const Notice notice = [&](const std::string& s) { data.warnings.push_back(s); };
  if (needs.labels || settings.frozen_every > 0) {
    open_labelled(data, settings.data, settings.val, start_classes, notice);
  } else {
    data.train = image::open_dataset(settings.data);
    if (!settings.val.empty()) data.val = image::open_dataset(settings.val);
  }
  if (!settings.outliers.empty()) {
    data.outliers = image::open_dataset(settings.outliers);
    warn_of_shared_classes(data);
    warn_of_other_pictures(data);
  }
  if (!settings.targets.empty()) {
    data.teacher = std::make_unique<Teacher>(settings.targets, *data.train, data.classes);
  }
  if (!settings.weights.empty()) read_weights(data, settings.weights);
  return data;
}

}  // namespace nescio::train
