#include "image/dataset.h"

#include <algorithm>

#include "base/error.h"
#include "image/negative.h"
#include "image/subset.h"

namespace nescio {
namespace {

bool exists(std::string_view path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(path), ignored);
}

struct DatasetSpec {
  std::string_view type, path, options;
};

DatasetSpec split_spec(std::string_view spec) {
  if (exists(spec)) return {"files", spec, {}};
  DatasetSpec parts;
  std::string_view rest = spec;
  if (const auto mark = spec.rfind('?'); mark != std::string_view::npos) {
    parts.options = spec.substr(mark + 1);
    rest = spec.substr(0, mark);
  }
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos && exists(rest)) return {"files", rest, parts.options};
  if (colon == std::string_view::npos) {
    fail("data set '", spec,
         "': expected type:PATH, as in cifar10:DIR?split=test, or the path of a picture or folder "
         "that is there");
  }
  parts.type = trim(rest.substr(0, colon));
  parts.path = rest.substr(colon + 1);
  return parts;
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
  const DatasetSpec parts = split_spec(spec);
  const DatasetInfo& info = find_dataset_type(parts.type);
  const std::string where = text("[", info.name, "]");
  if (parts.path.empty()) fail(where, " expected a path behind the colon: ", info.path);

  const std::unique_ptr<DatasetType> type = info.make();
  set_parameters(*type, info.options, where, parts.options);
  try {
    std::unique_ptr<Dataset> dataset = select_pictures(type->open(parts.path), *type);
    if (dataset->size() == 0) fail(parts.path, " holds no pictures");
    if (type->negative) return negative_of(std::move(dataset));
    return dataset;
  } catch (const Error& e) {
    fail(where, " ", e.what());
  }
}

namespace {

/// "a, b, c and 7 more"
std::string first_names(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 10;
  if (names.size() <= shown) return join(names);
  const std::vector<std::string> first(names.begin(), names.begin() + shown);
  return text(join(first), " and ", names.size() - shown, " more");
}

/// Names of `a` that `b` has not.
std::vector<std::string> missing_in(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  std::vector<std::string> missing;
  std::ranges::set_difference(a, b, std::back_inserter(missing));
  return missing;
}

}  // namespace

void check_same_classes(const std::vector<std::string>& expected,
                        const std::vector<std::string>& found, std::string_view where) {
  if (expected.empty() || found.empty() || expected == found) return;
  const auto missing = missing_in(expected, found);
  const auto unknown = missing_in(found, expected);
  std::string differences;
  if (!missing.empty()) differences += text("; missing: ", first_names(missing));
  if (!unknown.empty()) differences += text("; not expected: ", first_names(unknown));
  if (differences.empty()) {
    const auto [ours, theirs] = std::ranges::mismatch(expected, found);
    differences = text("; the same names in another order: label ", ours - expected.begin(), " is ",
                       *ours, " for one and ", *theirs, " for the other");
  }
  fail(where, ": expected the same ", expected.size(), " classes, found ", found.size(),
       differences, "; classes=NAME,NAME,... chooses and orders them");
}

}  // namespace nescio
