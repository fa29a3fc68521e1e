#include "image/augmentations/affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nescio::image {
namespace {

/// With 16 bits behind the point.
std::int64_t fixed(double value) {
  return static_cast<std::int64_t>(std::floor(value * 65536 + 0.5));
}

}  // namespace

AffineMap translation(double right, double down) { return {.c = -right, .f = -down}; }

AffineMap rotation(double degrees, std::size_t height, std::size_t width) {
  const double radians = degrees * std::numbers::pi / 180;
  const double cos = std::cos(radians);
  const double sin = std::sin(radians);
  const double x = static_cast<double>(width) / 2;
  const double y = static_cast<double>(height) / 2;
  return {cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y};
}

Image transformed(const Image& image, const AffineMap& map) {
  Image out{image.height, image.width, image.channels,
            std::vector<std::uint8_t>(image.pixels.size())};
  const std::int64_t right[2] = {fixed(map.a), fixed(map.d)};
  const std::int64_t down[2] = {fixed(map.b), fixed(map.e)};
  std::int64_t start[2] = {fixed(map.c + map.a / 2 + map.b / 2),
                           fixed(map.f + map.d / 2 + map.e / 2)};
  const auto width = static_cast<std::int64_t>(image.width);
  const auto height = static_cast<std::int64_t>(image.height);
  std::uint8_t* to = out.pixels.data();
  for (std::int64_t row = 0; row < height; ++row, start[0] += down[0], start[1] += down[1]) {
    std::int64_t at[2] = {start[0], start[1]};
    for (std::int64_t column = 0; column < width; ++column, to += image.channels) {
      const std::int64_t x = at[0] >> 16;
      const std::int64_t y = at[1] >> 16;
      if (x >= 0 && x < width && y >= 0 && y < height) {
        const auto from = static_cast<std::size_t>(y * width + x) * image.channels;
        std::copy_n(image.pixels.data() + from, image.channels, to);
      }
      at[0] += right[0];
      at[1] += right[1];
    }
  }
  return out;
}

}  // namespace nescio::image
