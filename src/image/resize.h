// Resizing with antialiasing, in the integer arithmetic of Pillow 13: equal to it bit by bit.
//
// Where a height shrinks much more than the width, Pillow before 13 filters the rows first. There it differs by one grey
// level with `bilinear`, and with `bicubic`, whose sums are cut to 0 .. 255 between the passes, at hard edges by more.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace nescio::image {

/// Weight of a source pixel by its distance (in output pixels when shrinking, in source pixels when
/// enlarging); 0 beyond `support`.
struct Filter {
  std::string_view name;
  double support;
  double (*weight)(double distance);
};

extern const Filter bilinear;  // triangle
extern const Filter bicubic;   // Keys, a = -0.5

/// The filter of this name. Error with the list if there is none.
const Filter& find_filter(std::string_view name);
std::vector<std::string> filter_names();

/// A part of a picture.
struct Cut {
  std::size_t top = 0;
  std::size_t left = 0;
  std::size_t height = 0;
  std::size_t width = 0;
};

/// The picture with another height and width: first along the rows, then along the columns, or the other way round where
/// the height loses more than twice as many pixels as the width, each rounded to 8 bits. Any number of channels. Error
/// for an empty picture or side.
/// Cost: outputs x taps per pass; taps = 2 support max(1, shrinking).
Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter);

/// The part `cut` of that picture; what does not lie in it is not computed.
/// Error also if the cut is empty or lies outside.
Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter,
             const Cut& cut);

}  // namespace nescio::image
