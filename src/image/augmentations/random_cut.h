// A random part of a picture, as random_resized_crop and random_erasing want it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/parameters.h"
#include "base/rng.h"
#include "image/augmentations/augmentation.h"
#include "image/resize.h"

namespace nescio::image {

/// What parts may be: their share of the area, and their shape, which is width / height for
/// random_cut().
struct CutRange {
  double scale_min, scale_max;
  double ratio_min, ratio_max;
};

/// A part of `picture` no larger than `largest`, at an evenly drawn place. Its share of the area is
/// drawn evenly, its shape evenly in the logarithm. Nothing if ten draws were too large or had no
/// pixel.
std::optional<Cut> random_cut(Size picture, Size largest, const CutRange& range, Rng& rng);

/// Adds the parameters of an augmentation that derives from CutRange; `ratio` says of which sides.
template <class Object>
void add_cut_parameters(const std::string& ratio, std::vector<Parameter<Augment>>& to) {
  const auto add = [&](double CutRange::*member, ParameterInfo info) {
    to.push_back(bind_parameter<Augment, Object, double>(member, std::move(info)));
  };
  add(&CutRange::scale_min, {.name = "scale_min",
                             .doc = "smallest share of the area",
                             .min = 0,
                             .max = 1,
                             .min_excluded = true,
                             .up_to = "scale_max"});
  add(&CutRange::scale_max, {.name = "scale_max",
                             .doc = "largest share of the area",
                             .min = 0,
                             .max = 1,
                             .min_excluded = true});
  add(&CutRange::ratio_min, {.name = "ratio_min",
                             .doc = "smallest " + ratio,
                             .min = 0.01,
                             .max = 100,
                             .up_to = "ratio_max"});
  add(&CutRange::ratio_max,
      {.name = "ratio_max", .doc = "largest " + ratio, .min = 0.01, .max = 100});
}

}  // namespace nescio::image
