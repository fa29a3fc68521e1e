// A random part of a picture, as random_resized_crop and random_erasing want it.
#pragma once

#include <optional>

#include "base/rng.h"
#include "image/resize.h"

namespace nescio::image {

struct Interval {
  double from, to;
};

/// A part of `picture` no larger than `largest`, at an evenly drawn place. Its share of the area is
/// drawn evenly from `scale`, width / height from `ratio`, evenly in the logarithm. Nothing if ten
/// draws were too large or had no pixel.
std::optional<Cut> random_cut(Size picture, Size largest, Interval scale, Interval ratio, Rng& rng);

}  // namespace nescio::image
