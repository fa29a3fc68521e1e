// Pictures turned into their negatives.
#pragma once

#include <memory>

#include "image/datasets/dataset.h"

namespace nescio::image {

/// The same pictures with every value v replaced by 255 - v; labels, rows and names stay.
std::unique_ptr<Dataset> negative_of(std::unique_ptr<Dataset> source);

}  // namespace nescio::image
