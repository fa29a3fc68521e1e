// A textured shape on a background, with everything varied that a classifier should not mind:
// place, size, angle, colours, contrast, noise, something in front of it.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "image/procedural/painting.h"

namespace nescio::image::procedural {
namespace {

constexpr double pi = std::numbers::pi;

/// Below 0 inside, about the distance from the border elsewhere; shapes have a radius of about 1.
struct Shape {
  const char* name;
  double (*distance)(double x, double y);
};

/// 1 and -1 where the two colours of the texture are; u and v turn with the shape and count periods.
struct Texture {
  const char* name;
  double (*value)(double u, double v);
};

double disk(double x, double y) { return std::hypot(x, y) - 0.9; }
double square(double x, double y) { return std::max(std::abs(x), std::abs(y)) - 0.78; }
double triangle(double x, double y) {
  return std::max(std::abs(x) * std::sqrt(3.0) / 2 - y / 2, y) - 0.52;
}
double star(double x, double y) {
  // The nearest of five points is turned to the top; there the border is a straight line.
  const double fifth = 2 * pi / 5;
  const double angle = std::atan2(x, y) - fifth * std::round(std::atan2(x, y) / fifth);
  const double r = std::hypot(x, y);
  return std::abs(r * std::sin(angle)) * 0.9 + (r * std::cos(angle) - 1.1) * 0.42;
}
double ring(double x, double y) { return std::abs(std::hypot(x, y) - 0.66) - 0.26; }

double cross(double x, double y) {
  const double a = std::abs(x), b = std::abs(y);
  return std::max(std::min(a, b) - 0.3, std::max(a, b) - 0.95);
}
double crescent(double x, double y) {
  return std::max(std::hypot(x, y) - 0.95, 0.78 - std::hypot(x - 0.5, y));
}
double hexagon(double x, double y) {
  const double a = std::abs(x), b = std::abs(y);
  return std::max(a * std::sqrt(3.0) / 2 + b / 2, b) - 0.82;
}
double half_disk(double x, double y) { return std::max(std::hypot(x, y - 0.4) - 1.0, y - 0.4); }

double wave(double turns) { return std::sin(2 * pi * turns); }
/// From a wave to two colours with soft borders.
double split(double value) { return std::tanh(4 * value); }

double stripes(double u, double) { return split(wave(u)); }
double checks(double u, double v) { return split(2 * wave(u) * wave(v)); }
double dots(double u, double v) {
  return split(4 * (0.3 - std::hypot(u - std::round(u), v - std::round(v))));
}
double circles(double u, double v) { return split(wave(std::hypot(u, v))); }
double plain(double, double) { return 1; }

const std::vector<Shape> known_shapes = {
    {"disk", disk}, {"square", square}, {"triangle", triangle}, {"star", star}, {"ring", ring}};
const std::vector<Shape> other_shapes = {
    {"cross", cross}, {"crescent", crescent}, {"hexagon", hexagon}, {"half disk", half_disk}};
const std::vector<Texture> known_textures = {{"striped", stripes}, {"checked", checks}};
const std::vector<Texture> other_textures = {{"dotted", dots}, {"circled", circles}};
const std::vector<Texture> no_texture = {{"plain", plain}};

/// A shape with its texture somewhere in the picture.
class Thing {
 public:
  Thing(const Shape& shape, const Texture& texture, Rng& rng)
      : shape_(shape),
        texture_(texture),
        x_(between(rng, -0.3, 0.3)),
        y_(between(rng, -0.3, 0.3)),
        size_(between(rng, 0.42, 0.72)),
        stretch_(between(rng, 0.85, 1.18)),
        angle_(between(rng, 0, 2 * pi)),
        texture_angle_(between(rng, 0, 2 * pi)),
        periods_(between(rng, 2.4, 4.2)),
        shift_(rng.uniform()) {}

  /// How much of the pixel at (x, y) it covers, and its texture there.
  double cover(double x, double y) const {
    const auto [a, b] = turn((x - x_) / (size_ * stretch_), (y - y_) * stretch_ / size_, angle_);
    return std::clamp(0.5 - shape_.distance(a, b) * size_ * (side / 2.0), 0.0, 1.0);
  }
  double texture(double x, double y) const {
    const auto [u, v] = turn(x - x_, y - y_, texture_angle_);
    return texture_.value(periods_ * u + shift_, periods_ * v + shift_);
  }

 private:
  static std::pair<double, double> turn(double x, double y, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    return {c * x + s * y, c * y - s * x};
  }

  const Shape& shape_;
  const Texture& texture_;
  double x_, y_, size_, stretch_, angle_, texture_angle_, periods_, shift_;
};

struct TwoColours {
  Colour from, to;
};

/// Two that differ by at least `contrast` in some part.
TwoColours two_colours(Rng& rng, double contrast) {
  for (;;) {
    const Colour a = random_colour(rng), b = random_colour(rng);
    const double difference =
        std::max({std::abs(a.red - b.red), std::abs(a.green - b.green), std::abs(a.blue - b.blue)});
    if (difference >= contrast) return {a, b};
  }
}

Image paint_thing(const Shape& shape, const Texture& texture, Rng& rng) {
  const Thing thing(shape, texture, rng);
  const TwoColours texture_colours = two_colours(rng, 0.35);
  const TwoColours background = two_colours(rng, 0.0);
  const double direction = between(rng, 0, 2 * pi);
  // A bar in front of it, in a third of the pictures thin enough to be out of sight.
  const double bar_angle = between(rng, 0, pi), bar_place = between(rng, -0.5, 0.5);
  const double bar_width = std::max(0.0, between(rng, -0.08, 0.16));
  const Colour bar = random_colour(rng);
  const double grain = between(rng, 0.02, 0.12);
  return paint(
      [&](double x, double y) {
        const double along = x * std::cos(direction) + y * std::sin(direction);
        Colour c = blend(background.from, background.to, std::clamp(0.5 + 0.5 * along, 0.0, 1.0));
        const Colour surface =
            blend(texture_colours.to, texture_colours.from, 0.5 + 0.5 * thing.texture(x, y));
        c = blend(c, surface, thing.cover(x, y));
        const double across = x * std::cos(bar_angle) + y * std::sin(bar_angle) - bar_place;
        const double hidden = (bar_width - std::abs(across)) * (side / 2.0) + 0.5;
        return bar_width > 0 ? blend(c, bar, std::clamp(hidden, 0.0, 1.0)) : c;
      },
      grain, rng);
}

/// Every shape with every texture; a class for each pair.
Painter pairs(std::string name, std::string summary, const std::vector<Shape>& shapes,
              const std::vector<Texture>& textures) {
  std::vector<std::string> classes;
  for (const Texture& texture : textures) {
    for (const Shape& shape : shapes) classes.push_back(text(texture.name, " ", shape.name));
  }
  return {std::move(name), std::move(summary), std::move(classes),
          [&shapes, &textures](std::size_t label, Rng& rng) {
            return paint_thing(shapes[label % shapes.size()], textures[label / shapes.size()], rng);
          }};
}

}  // namespace

Painter shapes() {
  return pairs("shapes", "striped and checked disks, squares, triangles, stars and rings",
               known_shapes, known_textures);
}
Painter new_shapes() {
  return pairs("new_shapes", "the same textures on crosses, crescents, hexagons and half disks",
               other_shapes, known_textures);
}
Painter new_textures() {
  return pairs("new_textures", "the same shapes, dotted or with circles", known_shapes,
               other_textures);
}

Painter new_things() {
  return pairs("new_things", "crosses, crescents, hexagons and half disks, dotted or with circles",
               other_shapes, other_textures);
}
Painter plain_shapes() {
  return pairs("plain_shapes", "the same shapes in one colour", known_shapes, no_texture);
}

}  // namespace nescio::image::procedural
