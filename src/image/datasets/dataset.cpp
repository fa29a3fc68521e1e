#include "image/datasets/dataset.h"

#include <algorithm>

#include "base/find_entry.h"
#include "base/typed_spec.h"
#include "base/usage.h"
#include "base/within.h"
#include "image/datasets/negative.h"
#include "image/datasets/subset.h"
#include "image/datasets/unlabelled.h"

namespace nescio::image {
namespace {

TypedSpec split_spec(std::string_view spec) {
  if (TypedSpec plain = split_path(spec); path_exists(plain.path)) {
    plain.type = "files";
    return plain;
  }
  if (spec.find(':') == std::string_view::npos) {
    fail("data set '", spec,
         "': expected type:PATH, as in cifar10:DIR?split=test, or the path of a picture or folder "
         "that is there");
  }
  return split_typed_spec(spec);
}

}  // namespace

const DatasetInfo& find_dataset_type(std::string_view name) {
  return as_usage([&]() -> auto& {
    return find_entry(datasets::catalogue(), name, "data set type");
  });
}

std::unique_ptr<Dataset> open_dataset(std::string_view spec) {
  const TypedSpec parts = split_spec(spec);
  const DatasetInfo& info = find_dataset_type(parts.type);
  const std::string where = text("[", info.name, "]");
  if (parts.path.empty()) fail_usage(where, " expected a path behind the colon: ", info.path);

  const std::unique_ptr<DatasetType> type = info.make();
  as_usage([&] { set_parameters(*type, info.options, where, parts.options); });
  return within(where + " ", [&] {
    std::unique_ptr<Dataset> dataset = select_pictures(type->open(parts.path), *type);
    if (dataset->size() == 0) fail(parts.path, " holds no pictures");
    if (type->unlabelled) dataset = unlabelled(std::move(dataset));
    if (type->negative) return negative_of(std::move(dataset));
    return dataset;
  });
}

}  // namespace nescio::image
