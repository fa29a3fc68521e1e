// The binary records of CIFAR: label bytes, then 32 x 32 pixels as a red, a green and a blue plane.
//   https://www.cs.toronto.edu/~kriz/cifar.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/datasets/dataset.h"
#include "io/bytes.h"

namespace nescio::image {

/// What stands before the pixels of a record.
struct RecordLabels {
  std::size_t bytes = 1;       // labels of a record
  std::size_t chosen = 0;      // which of them counts
  std::int64_t classes = 256;  // a label is below
};

/// One file of records, mapped; nothing is copied before a picture is asked for.
class CifarRecords {
 public:
  std::size_t size() const { return bytes_.size() / record_bytes(); }
  std::int64_t label(std::size_t i) const;
  Image image(std::size_t i) const;
  const io::SharedBytes& bytes() const { return bytes_; }

 private:
  friend CifarRecords parse_cifar_records(const io::SharedBytes&, const RecordLabels&,
                                          std::string_view);
  std::size_t record_bytes() const;

  io::SharedBytes bytes_;
  RecordLabels labels_;
};

/// Error, beginning with `where`, unless the bytes are a whole number (>= 1) of records whose labels
/// are those of classes. Cost: looks at every label.
CifarRecords parse_cifar_records(const io::SharedBytes& bytes, const RecordLabels& labels,
                                 std::string_view where);

/// The same records from the bytes of a file of CIFAR's Python version: a pickled dictionary of
/// `data` [N, 3072] and one list of N labels for each of `label_keys`. Error, beginning with `where`,
/// for anything else.
io::SharedBytes records_of_pickle(const io::SharedBytes& bytes,
                                  const std::vector<std::string>& label_keys,
                                  std::string_view where);

/// Where the files of a version of CIFAR lie below a folder, and what they are called there.
struct CifarVersion {
  std::vector<std::string> files;       // of the pictures
  std::string names;                    // of the classes
  std::string folder;                   // what the archive unpacks to
  std::vector<std::string> label_keys;  // of the Python version
  std::string names_key;                // the same
};

/// A data set of all records of the version that `path` (or the archive's folder in it) holds: the
/// binary one, or else the Python one.
std::unique_ptr<Dataset> open_cifar(const std::filesystem::path& path, const CifarVersion& binary,
                                    const CifarVersion& python, const RecordLabels& labels);

/// A data set of the records of several files, joined in this order.
std::unique_ptr<Dataset> open_cifar_records(const std::vector<std::filesystem::path>& files,
                                            const RecordLabels& labels,
                                            std::vector<std::string> class_names);

/// The lines of a text file that names one class per line; none if there is no such file.
std::vector<std::string> read_class_names(const std::filesystem::path& file);

}  // namespace nescio::image
