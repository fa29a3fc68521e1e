// Data sets on disk: pictures with labels, named by strings like cifar10:DIR?split=test.
//
// One file per type in datasets/: a class in an anonymous namespace and one function that describes
// it, called by the catalogue that CMake generates from `nescio_entry(datasets name)`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/notice.h"
#include "base/parameters.h"
#include "image/image.h"

namespace nescio::image {

/// One picture of a data set.
struct Sample {
  Image image;
  std::int64_t label = -1;  // -1 = none
  std::int64_t index = 0;   // row in the source files, whatever rows were kept
};

/// Pictures in a fixed order. load() may be called by several threads at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  /// Picture i of size(). Error if picture or label cannot be read.
  virtual Sample load(std::size_t i) const = 0;
  /// The label of picture i; types that know it without reading the picture say so.
  virtual std::int64_t label(std::size_t i) const { return load(i).label; }
  /// SHA-256 of everything that pictures and labels depend on. Cost: one pass over the files.
  virtual std::string hash() const = 0;
  /// By label; empty where not known.
  virtual std::vector<std::string> class_names() const { return {}; }
  /// What people call picture i: its file relative to the data set's root; empty where pictures
  /// have no names.
  virtual std::string name([[maybe_unused]] std::size_t i) const { return {}; }
  /// Pictures that were left out when opening because they are broken, "NAME: reason".
  virtual std::vector<std::string> skipped() const { return {}; }
  /// What somebody who uses the pictures should be told: files that were left out, folders that are
  /// no class, what may be taken otherwise than it is meant. Costs as much as hash().
  virtual Notices notices() const { return {}; }
};

/// A way to store pictures. Its members are the options behind '?'.
class DatasetType {
 public:
  virtual ~DatasetType() = default;
  /// Error if the files are missing, damaged or do not fit together.
  virtual std::unique_ptr<Dataset> open(const std::filesystem::path& path) const = 0;

  // Which pictures to keep, and in what order; empty: all. See select_pictures().
  std::string index;      // rows
  std::string except;     // rows to leave out
  std::string classes;    // labels or names
  std::string per_class;  // pictures of each class
  bool skip_broken = false;
  bool unlabelled = false;  // see unlabelled()
  bool negative = false;    // see negative_of()
};

/// The self-description from which reading of specs, `list` and `describe` come.
struct DatasetInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string path;     // what stands behind the colon: "DIR holding data_batch_1.bin ..."
  std::vector<Parameter<DatasetType>> options = {};
  std::function<std::unique_ptr<DatasetType>()> make = {};  // set by describe_dataset<>
};

template <class Object, class T>
Parameter<DatasetType> dataset_option(T Object::*member, ParameterInfo info) {
  return bind_parameter<DatasetType>(member, std::move(info));
}

/// Completes a description with what follows from the class and what every type has.
template <class Object>
DatasetInfo describe_dataset(DatasetInfo info) {
  info.make = [] { return std::make_unique<Object>(); };
  const auto text_option = [](std::string DatasetType::*member, ParameterInfo option) {
    return bind_parameter<DatasetType, Object, std::string>(member, std::move(option));
  };
  info.options.push_back(text_option(
      &DatasetType::index, {.name = "index",
                            .doc = "rows to keep, in this order: a .npy file or a list as in "
                                   "0-99,205 or 0-99:5 (every fifth); all if not given"}));
  info.options.push_back(text_option(
      &DatasetType::except,
      {.name = "except", .doc = "rows to leave out, written as index; none if not given"}));
  info.options.push_back(text_option(
      &DatasetType::classes,
      {.name = "classes",
       .doc = "classes to keep, by name or label as in cat,dog or 0-32,40; they are numbered anew "
              "from 0 in this order; drawn(33,0) are 33 at random with seed 0, ascending, "
              "not_drawn(33,0) all others, not(3) or not(cat,dog) all but those; all if not "
              "given"}));
  info.options.push_back(text_option(
      &DatasetType::per_class,
      {.name = "per_class",
       .doc = "pictures to keep of each class, as 10 or 10,1: 10 at random with seed 0 or 1, of "
              "what the options before leave; more of them with the same seed hold fewer; all if "
              "not given"}));
  info.options.push_back(bind_parameter<DatasetType, Object, bool>(
      &DatasetType::unlabelled,
      {.name = "unlabelled",
       .doc = "forget the labels behind the options above, for a network of other classes"}));
  info.options.push_back(bind_parameter<DatasetType, Object, bool>(
      &DatasetType::negative,
      {.name = "negative", .doc = "the negatives of the pictures: 255 - value"}));
  return info;
}

/// The option broken=error|skip of types that decode files.
template <class Object>
Parameter<DatasetType> broken_option() {
  Parameter<DatasetType> option;
  option.info = {.name = "broken",
                 .doc =
                     "a picture that cannot be decoded is an error, or left out; skip decodes "
                     "every picture once more before anything else happens",
                 .choices = {"error", "skip"}};
  option.type = type_name<std::string>();
  option.default_value = "error";
  option.set = [info = option.info](DatasetType& type, std::string_view value) {
    std::string chosen;
    parse_value(value, info, chosen);
    type.skip_broken = chosen == "skip";
  };
  option.get = [](const DatasetType& type) { return type.skip_broken ? "skip" : "error"; };
  return option;
}

namespace datasets {
/// All types, by name.
const std::vector<DatasetInfo>& catalogue();
}  // namespace datasets

/// The description of a type. Error with the nearest name and the list if there is none.
const DatasetInfo& find_dataset_type(std::string_view name);

/// "type:PATH?key=value&..." -> the data set, split as split_typed_spec() does. A path of an
/// existing picture or folder without a type is opened as files:PATH.
/// Error, beginning with the type, for an unknown type or option and for everything open() refuses.
std::unique_ptr<Dataset> open_dataset(std::string_view spec);

}  // namespace nescio::image
