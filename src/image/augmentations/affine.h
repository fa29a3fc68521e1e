// Moving, turning and shearing a picture, in the arithmetic of Pillow: equal to it bit by bit.
#pragma once

#include "image/image.h"

namespace nescio::image {

/// Where a pixel comes from: that at (x, y) from (a x + b y + c, d x + e y + f), x to the right, y
/// down, in pixels; centres are at halves.
struct AffineMap {
  double a = 1, b = 0, c = 0;
  double d = 0, e = 1, f = 0;
};

/// The values of `image` moved by `pixels` to the right, or down.
AffineMap translation(double right, double down);
/// Turned around the centre of a height x width picture, anticlockwise.
AffineMap rotation(double degrees, std::size_t height, std::size_t width);

/// The nearest pixel for each of the result, which has the size of `image`; black from outside.
/// Sides and places up to 32767.
Image transformed(const Image& image, const AffineMap& map);

}  // namespace nescio::image
