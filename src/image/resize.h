// Resizing with antialiasing, in the integer arithmetic of Pillow: equal to it bit by bit.
//
// Pillow 13 and later filter the columns first where a height shrinks much more than the width;
// there they differ from us and from Pillow before by one grey level.
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

/// The picture with another height and width: first along the rows, then along the columns, each
/// rounded to 8 bits. Any number of channels. Error for an empty picture or side.
/// Cost: outputs x taps per pass; taps = 2 support max(1, shrinking).
Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter);

/// The part `cut` of that picture; what does not lie in it is not computed.
/// Error also if the cut is empty or lies outside.
Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter,
             const Cut& cut);

}  // namespace nescio::image
