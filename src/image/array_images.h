// Data sets whose pictures lie in one array.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/array.h"
#include "image/dataset.h"

namespace nescio {

/// A data set of pictures uint8 [N, H, W] (grey) or [N, H, W, 1 or 3], with labels [N] of any whole
/// type or none. Error, beginning with `where`, if the shapes or types are others.
/// `hash` is that of the files.
std::unique_ptr<Dataset> dataset_of_arrays(const Array& images, const std::optional<Array>& labels,
                                           std::string hash, std::string_view where);

/// SHA-256 of the contents of a file and, where named, a second one.
std::string hash_of_files(const std::string& images, const std::string& labels);

}  // namespace nescio
