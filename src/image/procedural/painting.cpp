#include "image/procedural/painting.h"

#include <algorithm>
#include <cmath>

namespace nescio::image::procedural {

Colour blend(const Colour& a, const Colour& b, double share) {
  return {std::lerp(a.red, b.red, share), std::lerp(a.green, b.green, share),
          std::lerp(a.blue, b.blue, share)};
}

Colour random_colour(Rng& rng) {
  const double red = rng.uniform();
  const double green = rng.uniform();
  return {red, green, rng.uniform()};
}

double between(Rng& rng, double low, double high) { return std::lerp(low, high, rng.uniform()); }

namespace {

/// The sum of four uniform numbers of 16 bits from one draw: nearly normal, and a tenth of the cost.
double grain(Rng& rng) {
  const std::uint64_t bits = rng.next();
  const std::uint64_t sum =
      (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
  return (static_cast<double>(sum) / 65535 - 2) * std::sqrt(3.0);
}

}  // namespace

Image paint(const std::function<Colour(double x, double y)>& colour, double noise, Rng& rng) {
  Image image{side, side, 3, {}};
  image.pixels.reserve(3 * side * side);
  const auto centre = [](std::size_t i) { return (2 * static_cast<double>(i) + 1) / side - 1; };
  for (std::size_t row = 0; row < side; ++row) {
    for (std::size_t column = 0; column < side; ++column) {
      const Colour c = colour(centre(column), centre(row));
      for (const double part : {c.red, c.green, c.blue}) {
        const double value = std::clamp(part + noise * grain(rng), 0.0, 1.0);
        image.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
      }
    }
  }
  return image;
}

const std::vector<Painter>& painters() {
  static const std::vector<Painter> all = {shapes(),     new_shapes(),   new_textures(),
                                           new_things(), plain_shapes(), noise(),
                                           mosaic(),     strokes()};
  return all;
}

}  // namespace nescio::image::procedural
