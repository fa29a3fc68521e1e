#include "image/cifar_records.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "io/file.h"
#include "io/sha256.h"

namespace nescio {
namespace {

constexpr std::size_t side = 32;
constexpr std::size_t channels = 3;
constexpr std::size_t pixel_bytes = channels * side * side;

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
    Sha256 hash;
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

std::size_t CifarRecords::record_bytes() const { return label_bytes_ + pixel_bytes; }

std::int64_t CifarRecords::label(std::size_t i) const {
  return bytes_.data()[i * record_bytes() + label_bytes_ - 1];
}

Image CifarRecords::image(std::size_t i) const {
  return from_planes(bytes_.data() + i * record_bytes() + label_bytes_, channels, side, side);
}

CifarRecords parse_cifar_records(const SharedBytes& bytes, std::size_t label_bytes,
                                 std::string_view where) {
  CifarRecords records;
  records.bytes_ = bytes;
  records.label_bytes_ = label_bytes;
  if (bytes.size() == 0 || bytes.size() % records.record_bytes() != 0) {
    fail(where, ": expected records of ", records.record_bytes(), " bytes (", label_bytes,
         " for the label, ", pixel_bytes, " for 3 x 32 x 32 pixels), found ", bytes.size(),
         " bytes, which is no whole number of them; the file is truncated or of another kind");
  }
  return records;
}

std::unique_ptr<Dataset> open_cifar_records(const std::vector<std::filesystem::path>& files,
                                            std::size_t label_bytes,
                                            std::vector<std::string> class_names) {
  std::vector<CifarRecords> parsed;
  for (const auto& file : files) {
    parsed.push_back(parse_cifar_records(map_file(file), label_bytes, file.string()));
  }
  return std::make_unique<RecordFiles>(std::move(parsed), std::move(class_names));
}

std::vector<std::string> read_class_names(const std::filesystem::path& file) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(file)) return names;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) {
    if (!trim(line).empty()) names.emplace_back(trim(line));
  }
  return names;
}

}  // namespace nescio
