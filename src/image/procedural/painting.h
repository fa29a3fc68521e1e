// Small pictures painted by formulas.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "image/image.h"

namespace nescio::image::procedural {

/// Each part in [0, 1].
struct Colour {
  double red = 0, green = 0, blue = 0;
};

/// a where share is 0, b where it is 1.
Colour blend(const Colour& a, const Colour& b, double share);
Colour random_colour(Rng& rng);
double between(Rng& rng, double low, double high);

inline constexpr std::size_t side = 32;  // pixels of every picture

/// The picture whose colour at (x, y), both from -1 to 1, y downwards, a function says, with
/// noise of this standard deviation on every value.
Image paint(const std::function<Colour(double x, double y)>& colour, double noise, Rng& rng);

/// A kind of pictures. Each is a pure function of the generator that it gets.
struct Painter {
  std::string name;
  std::string summary;               // one clause
  std::vector<std::string> classes;  // names by label; empty: the pictures have none
  std::function<Image(std::size_t label, Rng& rng)> paint;
};

/// Textured shapes: 10 classes, 5 shapes with 2 textures.
Painter shapes();
/// The textures of shapes() on shapes that it has not.
Painter new_shapes();
/// The shapes of shapes() with textures that it has not.
Painter new_textures();
/// Other textures on other shapes.
Painter new_things();
/// The shapes of shapes() without a texture.
Painter plain_shapes();
/// Clouds of noise of several coarsenesses.
Painter noise();
/// Cells around random points, each of one colour.
Painter mosaic();
/// Curved strokes, as of a pen.
Painter strokes();

/// All of them.
const std::vector<Painter>& painters();

}  // namespace nescio::image::procedural
