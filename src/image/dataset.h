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

#include "base/parameters.h"
#include "image/image.h"

namespace nescio {

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
  /// Picture i of size(). Error if its label cannot be read.
  virtual Sample load(std::size_t i) const = 0;
  /// SHA-256 of everything that pictures and labels depend on. Cost: one pass over the files.
  virtual std::string hash() const = 0;
  /// By label; empty where not known.
  virtual std::vector<std::string> class_names() const { return {}; }
  /// What people call picture i: its file relative to the data set's root; empty where pictures
  /// have no names.
  virtual std::string name([[maybe_unused]] std::size_t i) const { return {}; }
  /// Pictures that were left out when opening because they are broken, "NAME: reason".
  virtual std::vector<std::string> skipped() const { return {}; }
};

/// A way to store pictures. Its members are the options behind '?'.
class DatasetType {
 public:
  virtual ~DatasetType() = default;
  /// Error if the files are missing, damaged or do not fit together.
  virtual std::unique_ptr<Dataset> open(const std::filesystem::path& path) const = 0;

  std::string index;  // .npy of the rows to keep; empty: all
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
  info.options.push_back(bind_parameter<DatasetType, Object, std::string>(
      &DatasetType::index,
      {.name = "index", .doc = ".npy file of the rows to keep, in that order; all if not given"}));
  return info;
}

namespace datasets {
/// All types, by name.
const std::vector<DatasetInfo>& catalogue();
}  // namespace datasets

/// The description of a type. Error with the nearest name and the list if there is none.
const DatasetInfo& find_dataset_type(std::string_view name);

/// "type:PATH?key=value&..." -> the data set. The options begin at the last '?'.
/// Error, beginning with the type, for an unknown type or option and for everything open() refuses.
std::unique_ptr<Dataset> open_dataset(std::string_view spec);

}  // namespace nescio
