#include "image/dataset.h"

#include "base/error.h"
#include "io/npy.h"
#include "io/sha256.h"

namespace nescio {
namespace {

/// Some rows of another data set.
class Subset final : public Dataset {
 public:
  Subset(std::unique_ptr<Dataset> source, Array rows, std::string_view file)
      : source_(std::move(source)), rows_(std::move(rows)) {
    const auto rows_kept = rows_.as<std::int64_t>();
    for (std::size_t i = 0; i < rows_kept.size(); ++i) {
      if (rows_kept[i] < 0 || static_cast<std::size_t>(rows_kept[i]) >= source_->size()) {
        fail("index ", file, ": expected rows of a data set of ", source_->size(), ", found ",
             rows_kept[i], " at position ", i);
      }
    }
  }

  std::size_t size() const override { return rows_.size(); }
  Sample load(std::size_t i) const override {
    return source_->load(static_cast<std::size_t>(rows_.as<std::int64_t>()[i]));
  }
  std::string hash() const override {
    const std::span bytes(static_cast<const std::uint8_t*>(rows_.data()), rows_.bytes());
    return sha256(text(source_->hash(), " rows ", sha256(bytes)));
  }
  std::vector<std::string> class_names() const override { return source_->class_names(); }
  std::string name(std::size_t i) const override {
    return source_->name(static_cast<std::size_t>(rows_.as<std::int64_t>()[i]));
  }
  std::vector<std::string> skipped() const override { return source_->skipped(); }

 private:
  std::unique_ptr<Dataset> source_;
  Array rows_;
};

std::unique_ptr<Dataset> keep_rows(std::unique_ptr<Dataset> source, const std::string& file) {
  const Array rows = read_npy(file);
  if (rows.shape().size() != 1) {
    fail("index ", file, ": expected a list of row numbers [N], found ", to_string(rows.shape()));
  }
  return std::make_unique<Subset>(std::move(source), rows.to_int64(), file);
}

}  // namespace

const DatasetInfo& find_dataset_type(std::string_view name) {
  std::vector<std::string> names;
  for (const DatasetInfo& info : datasets::catalogue()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  fail("unknown data set type '", name, "'.", suggest(name, names));
}

std::unique_ptr<Dataset> open_dataset(std::string_view spec) {
  const auto colon = spec.find(':');
  if (colon == std::string_view::npos) {
    fail("data set '", spec, "': expected type:PATH, as in cifar10:DIR?split=test");
  }
  const DatasetInfo& info = find_dataset_type(trim(spec.substr(0, colon)));
  const std::string where = text("[", info.name, "]");
  std::string_view path = spec.substr(colon + 1);
  std::string_view options;
  if (const auto mark = path.rfind('?'); mark != std::string_view::npos) {
    options = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (path.empty()) fail(where, " expected a path behind the colon: ", info.path);

  const std::unique_ptr<DatasetType> type = info.make();
  for (const std::string& option : split_top_level(options, '&')) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) {
      fail(where, " expected key=value behind '?', found '", option, "'");
    }
    set_parameter(*type, info.options, where, option.substr(0, equals), option.substr(equals + 1));
  }
  try {
    std::unique_ptr<Dataset> dataset = type->open(path);
    if (!type->index.empty()) dataset = keep_rows(std::move(dataset), type->index);
    if (dataset->size() == 0) fail(path, " holds no pictures");
    return dataset;
  } catch (const Error& e) {
    fail(where, " ", e.what());
  }
}

}  // namespace nescio
