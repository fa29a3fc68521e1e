// Pictures without shapes on a background: noise, mosaics, strokes.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "image/procedural/painting.h"

namespace nescio::image::procedural {
namespace {

/// Random values at the corners of a grid, blended between them.
class ValueNoise {
 public:
  ValueNoise(std::size_t cells, Rng& rng) : cells_(cells), values_((cells + 1) * (cells + 1)) {
    for (Colour& value : values_) value = random_colour(rng);
  }

  Colour at(double x, double y) const {
    const double u = (x + 1) / 2 * static_cast<double>(cells_);
    const double v = (y + 1) / 2 * static_cast<double>(cells_);
    const auto i = std::min(static_cast<std::size_t>(u), cells_ - 1);
    const auto j = std::min(static_cast<std::size_t>(v), cells_ - 1);
    const double a = smooth(u - static_cast<double>(i)), b = smooth(v - static_cast<double>(j));
    const Colour* corner = &values_[j * (cells_ + 1) + i];
    return blend(blend(corner[0], corner[1], a), blend(corner[cells_ + 1], corner[cells_ + 2], a),
                 b);
  }

 private:
  static double smooth(double t) { return t * t * (3 - 2 * t); }

  std::size_t cells_;
  std::vector<Colour> values_;
};

Image paint_noise(std::size_t, Rng& rng) {
  std::vector<ValueNoise> octaves;
  for (const std::size_t cells : {2u, 4u, 8u, 16u}) octaves.emplace_back(cells, rng);
  const double coarseness = between(rng, 0.5, 1.5);  // weight of an octave against the next finer
  return paint(
      [&](double x, double y) {
        Colour sum;
        double weight = 1, weights = 0;
        for (const ValueNoise& octave : octaves) {
          const Colour c = octave.at(x, y);
          sum = {sum.red + weight * c.red, sum.green + weight * c.green,
                 sum.blue + weight * c.blue};
          weights += weight;
          weight /= coarseness;
        }
        return Colour{sum.red / weights, sum.green / weights, sum.blue / weights};
      },
      0.02, rng);
}

struct Point {
  double x = 0, y = 0;
};

Point random_point(Rng& rng) {
  const double x = between(rng, -1, 1);
  return {x, between(rng, -1, 1)};
}

Image paint_mosaic(std::size_t, Rng& rng) {
  struct Cell {
    Point centre;
    Colour colour;
  };
  std::vector<Cell> cells(6 + rng.below(20));
  for (Cell& cell : cells) {
    cell.centre = random_point(rng);
    cell.colour = random_colour(rng);
  }
  const double joint = between(rng, 0.0, 0.08);  // width of the dark lines between cells
  return paint(
      [&](double x, double y) {
        double first = std::numeric_limits<double>::infinity(), second = first;
        Colour colour;
        for (const Cell& cell : cells) {
          const double d = std::hypot(x - cell.centre.x, y - cell.centre.y);
          if (d < first) {
            second = first;
            first = d;
            colour = cell.colour;
          } else {
            second = std::min(second, d);
          }
        }
        return second - first < joint ? Colour{0.1, 0.1, 0.1} : colour;
      },
      0.03, rng);
}

/// A quadratic Bezier curve as points close enough to each other.
std::array<Point, 24> curve(const Point& a, const Point& b, const Point& c) {
  std::array<Point, 24> points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double t = static_cast<double>(i) / (points.size() - 1), s = 1 - t;
    points[i] = {s * s * a.x + 2 * s * t * b.x + t * t * c.x,
                 s * s * a.y + 2 * s * t * b.y + t * t * c.y};
  }
  return points;
}

Image paint_strokes(std::size_t, Rng& rng) {
  std::vector<Point> ink;
  Point at = random_point(rng);
  for (std::size_t stroke = 2 + rng.below(4); stroke > 0; --stroke) {
    const Point bend = random_point(rng), end = random_point(rng);
    const auto points = curve(at, bend, end);
    ink.insert(ink.end(), points.begin(), points.end());
    at = rng.below(2) == 0 ? end : random_point(rng);
  }
  const double width = between(rng, 0.05, 0.12);
  const Colour paper = blend(random_colour(rng), {1, 1, 1}, 0.6);
  const Colour pen = blend(random_colour(rng), {0, 0, 0}, 0.6);
  return paint(
      [&](double x, double y) {
        double nearest = std::numeric_limits<double>::infinity();  // squared
        for (const Point& p : ink) {
          nearest = std::min(nearest, (x - p.x) * (x - p.x) + (y - p.y) * (y - p.y));
        }
        const double inside = width - std::sqrt(nearest);
        return blend(paper, pen, std::clamp(inside * (side / 2.0) + 0.5, 0.0, 1.0));
      },
      0.02, rng);
}

}  // namespace

Painter noise() { return {"noise", "clouds of coloured noise", {}, paint_noise}; }
Painter mosaic() { return {"mosaic", "mosaics of coloured cells", {}, paint_mosaic}; }
Painter strokes() { return {"strokes", "curved strokes of a pen", {}, paint_strokes}; }

}  // namespace nescio::image::procedural
