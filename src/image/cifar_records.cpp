#include "image/cifar_records.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "io/file.h"
#include "io/pickled_arrays.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

constexpr std::size_t picture_side = 32;
constexpr std::size_t channels = 3;
constexpr std::size_t pixel_bytes = channels * picture_side * picture_side;

class RecordFiles final : public Dataset {
 public:
  RecordFiles(std::vector<CifarRecords> files, std::vector<std::string> class_names)
      : files_(std::move(files)), class_names_(std::move(class_names)) {
    for (const CifarRecords& file : files_) ends_.push_back(size() + file.size());
  }

  std::size_t size() const override { return ends_.empty() ? 0 : ends_.back(); }
  Sample load(std::size_t i) const override {
    const auto [file, row] = place(i);
    return {file.image(row), file.label(row), static_cast<std::int64_t>(i)};
  }
  std::int64_t label(std::size_t i) const override {
    const auto [file, row] = place(i);
    return file.label(row);
  }
  std::string hash() const override {
    io::Sha256 hash;
    for (const CifarRecords& file : files_) hash.add(file.bytes().span());
    return hash.hex();
  }
  std::vector<std::string> class_names() const override { return class_names_; }

 private:
  std::pair<const CifarRecords&, std::size_t> place(std::size_t i) const {
    const auto file = static_cast<std::size_t>(std::ranges::upper_bound(ends_, i) - ends_.begin());
    return {files_[file], i - (file == 0 ? 0 : ends_[file - 1])};
  }

  std::vector<CifarRecords> files_;
  std::vector<std::size_t> ends_;  // records up to and with each file
  std::vector<std::string> class_names_;
};

}  // namespace

std::size_t CifarRecords::record_bytes() const { return labels_.bytes + pixel_bytes; }

std::int64_t CifarRecords::label(std::size_t i) const {
  return bytes_.data()[i * record_bytes() + labels_.chosen];
}

Image CifarRecords::image(std::size_t i) const {
  return from_planes(bytes_.data() + i * record_bytes() + labels_.bytes, channels, picture_side,
                     picture_side);
}

CifarRecords parse_cifar_records(const io::SharedBytes& bytes, const RecordLabels& labels,
                                 std::string_view where) {
  CifarRecords records;
  records.bytes_ = bytes;
  records.labels_ = labels;
  if (bytes.size() == 0 || bytes.size() % records.record_bytes() != 0) {
    fail(where, ": expected records of ", records.record_bytes(), " bytes (", labels.bytes,
         " for the label, ", pixel_bytes, " for 3 x 32 x 32 pixels), found ", bytes.size(),
         " bytes, which is no whole number of them; the file is truncated or of another kind");
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records.label(i) < labels.classes) continue;
    fail(where, ": record ", i, ": expected a label of 0 .. ", labels.classes - 1, ", found ",
         records.label(i),
         "; records:FILE takes up to 256 classes, if no classes.txt beside it names fewer");
  }
  return records;
}

io::SharedBytes records_of_pickle(const io::SharedBytes& bytes,
                                  const std::vector<std::string>& label_keys,
                                  std::string_view where) {
  const io::PickledArrays read = io::parse_pickled_arrays(bytes, where);
  const auto array = [&](const std::string& key) {
    const auto found = read.arrays.find(key);
    if (found == read.arrays.end()) fail(where, ": expected '", key, "' of CIFAR in it");
    return found->second;
  };
  const Array data = array("data");
  if (data.dtype() != DType::uint8 || data.shape().size() != 2 || data.cols() != pixel_bytes) {
    fail(where, ": expected data as uint8 [N, ", pixel_bytes, "], found ", name_of(data.dtype()),
         " ", to_string(data.shape()));
  }
  std::vector<Array> labels;
  for (const std::string& key : label_keys) {
    const Array& found = labels.emplace_back(array(key).to_int64());
    if (found.shape() != Shape{data.rows()}) {
      fail(where, ": expected ", data.rows(), " ", key, ", found ", to_string(found.shape()));
    }
  }
  std::vector<std::uint8_t> records;
  records.reserve(data.rows() * (labels.size() + pixel_bytes));
  for (std::size_t i = 0; i < data.rows(); ++i) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const std::int64_t label = labels[k].as<std::int64_t>()[i];
      if (label < 0 || label > 255) {
        fail(where, ": ", label_keys[k], ": expected 0 .. 255, found ", label);
      }
      records.push_back(static_cast<std::uint8_t>(label));
    }
    const auto pixels = data.as<std::uint8_t>().subspan(i * pixel_bytes, pixel_bytes);
    records.insert(records.end(), pixels.begin(), pixels.end());
  }
  return io::SharedBytes(std::move(records));
}

namespace {

std::unique_ptr<Dataset> dataset_of(
    const std::vector<std::pair<std::string, io::SharedBytes>>& files, const RecordLabels& labels,
    std::vector<std::string> class_names) {
  std::vector<CifarRecords> parsed;
  for (const auto& [name, bytes] : files) {
    parsed.push_back(parse_cifar_records(bytes, labels, name));
  }
  return std::make_unique<RecordFiles>(std::move(parsed), std::move(class_names));
}

/// `path` itself or the archive's folder in it, whichever holds the version; none if neither does.
std::optional<std::filesystem::path> folder_of(const CifarVersion& version,
                                               const std::filesystem::path& path) {
  for (const auto& folder : {path, path / version.folder}) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / version.files.front(), ignored)) return folder;
  }
  return {};
}

}  // namespace

std::unique_ptr<Dataset> open_cifar(const std::filesystem::path& path, const CifarVersion& binary,
                                    const CifarVersion& python, const RecordLabels& labels) {
  std::vector<std::pair<std::string, io::SharedBytes>> files;
  if (const auto folder = folder_of(python, path); folder && !folder_of(binary, path)) {
    for (const std::string& name : python.files) {
      const std::string file = (*folder / name).string();
      files.emplace_back(file, records_of_pickle(io::map_file(file), python.label_keys, file));
    }
    std::vector<std::string> names;
    if (std::filesystem::exists(*folder / python.names)) {
      names = io::read_pickled_arrays(*folder / python.names).texts[python.names_key];
    }
    return dataset_of(files, labels, std::move(names));
  }
  const std::filesystem::path folder = folder_of(binary, path).value_or(path);
  for (const std::string& name : binary.files) {
    files.emplace_back((folder / name).string(), io::map_file(folder / name));
  }
  return dataset_of(files, labels, read_class_names(folder / binary.names));
}

std::unique_ptr<Dataset> open_cifar_records(const std::vector<std::filesystem::path>& files,
                                            const RecordLabels& labels,
                                            std::vector<std::string> class_names) {
  std::vector<std::pair<std::string, io::SharedBytes>> mapped;
  for (const auto& file : files) mapped.emplace_back(file.string(), io::map_file(file));
  return dataset_of(mapped, labels, std::move(class_names));
}

std::vector<std::string> read_class_names(const std::filesystem::path& file) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(file)) return names;
  std::istringstream lines(io::read_text(file));
  for (std::string line; std::getline(lines, line);) {
    if (!trim(line).empty()) names.emplace_back(trim(line));
  }
  return names;
}

}  // namespace nescio::image
