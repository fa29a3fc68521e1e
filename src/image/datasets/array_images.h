// Data sets whose pictures lie in one array.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "image/datasets/dataset.h"

namespace nescio::image {

/// What the sides of an array of pictures mean. `unknown`: [N, H, W] and [N, H, W, C] as they are;
/// [H, W, 3] without labels is one colour picture, [N, C, H, W] is told by its sides.
enum class Layout { unknown, nhw, hw, hwc, chw, nhwc, nchw };

/// "auto", "nhw", ...: the names in the order of the enumeration.
const std::vector<std::string>& layout_names();

/// A data set of pictures uint8 with 1 or 3 channels C, with labels [N] or [N, 1] of any whole type
/// or none; -1 = none. What may be meant otherwise is a notice that names the layout.
/// Error, beginning with `where`, if the shapes or types are others. `hash` is that of the files.
std::unique_ptr<Dataset> dataset_of_arrays(const Array& images, const std::optional<Array>& labels,
                                           std::string hash, std::string_view where, Layout layout);

/// SHA-256 of the contents of a file and, where named, a second one; each may have a "#member".
std::string hash_of_files(const std::string& images, const std::string& labels);

}  // namespace nescio::image
