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

#include "image/dataset.h"
#include "io/bytes.h"

namespace nescio {

/// One file of records, mapped; nothing is copied before a picture is asked for.
class CifarRecords {
 public:
  std::size_t size() const { return bytes_.size() / record_bytes(); }
  /// The last label byte of record i (CIFAR-100: the fine label).
  std::int64_t label(std::size_t i) const;
  Image image(std::size_t i) const;
  const SharedBytes& bytes() const { return bytes_; }

 private:
  friend CifarRecords parse_cifar_records(const SharedBytes&, std::size_t, std::string_view);
  std::size_t record_bytes() const;

  SharedBytes bytes_;
  std::size_t label_bytes_ = 1;
};

/// Error, beginning with `where`, unless the bytes are a whole number (>= 1) of records.
CifarRecords parse_cifar_records(const SharedBytes& bytes, std::size_t label_bytes,
                                 std::string_view where);

/// A data set of the records of several files, joined in this order.
std::unique_ptr<Dataset> open_cifar_records(const std::vector<std::filesystem::path>& files,
                                            std::size_t label_bytes,
                                            std::vector<std::string> class_names);

/// The lines of a text file that names one class per line; none if there is no such file.
std::vector<std::string> read_class_names(const std::filesystem::path& file);

}  // namespace nescio
