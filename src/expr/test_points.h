// Points for the tests of distances: far from the origin, in tight clusters, nearly equal, at any
// scale. All are floats, so that distances in double are exact to the eye.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"

namespace nescio::expr {

struct Points {
  std::string name;
  std::vector<float> bank, x;  // [rows, width] each

  static constexpr std::size_t queries = 40;

  /// value(rng, row, column, is it of x) for each number.
  template <class Value>
  Points(std::string name_, std::size_t rows, std::size_t width, Value value)
      : name(std::move(name_)) {
    Rng rng(rows * 7 + width);
    for (const bool of_x : {false, true}) {
      for (std::size_t r = 0; r < (of_x ? queries : rows); ++r) {
        for (std::size_t c = 0; c < width; ++c) {
          (of_x ? x : bank).push_back(static_cast<float>(value(rng, r, c, of_x)));
        }
      }
    }
  }
};

inline std::vector<Points> hard_points(std::size_t rows, std::size_t width) {
  std::vector<Points> all;
  const auto add = [&](std::string name, auto value) {
    all.emplace_back(std::move(name), rows, width, value);
  };
  using Size = std::size_t;
  add("about the origin", [](Rng& rng, Size, Size, bool) { return rng.normal(); });
  for (const double offset : {1e3, 1e4, 1e5, 1e6}) {
    const auto at = std::to_string(static_cast<int>(offset));
    add("all dimensions at " + at,
        [=](Rng& rng, Size, Size, bool) { return offset + rng.normal(); });
    add("one dimension at " + at,
        [=](Rng& rng, Size, Size c, bool) { return (c == 0 ? offset : 0) + rng.normal(); });
    add("bank and x apart by " + at,
        [=](Rng& rng, Size, Size, bool of_x) { return (of_x ? offset : 0) + rng.normal(); });
    add("two clusters apart by " + at,
        [=](Rng& rng, Size r, Size, bool) { return (r % 2 == 0 ? offset : 0) + rng.normal(); });
  }
  for (const double scale : {1e-6, 1e-3, 1e3, 1e6}) {
    add("scale " + std::to_string(scale),
        [=](Rng& rng, Size, Size, bool) { return scale * rng.normal(); });
    add("far at scale " + std::to_string(scale),
        [=](Rng& rng, Size, Size, bool) { return scale * (3e3 + rng.normal()); });
  }
  add("along one direction", [](Rng& rng, Size, Size c, bool) {
    return (3 + std::sin(static_cast<double>(c))) * (1 + 1e-5 * rng.normal());
  });
  add("pairs that are nearly equal", [](Rng& rng, Size r, Size c, bool) {
    const double of_pair = std::sin(static_cast<double>((r / 2 + 1) * (c + 3)));
    return 10 * of_pair + 1e-4 * rng.normal();
  });
  add("many equal rows", [](Rng&, Size r, Size c, bool) {
    return std::cos(static_cast<double>((r % 3 + 1) * (c + 1)));
  });
  add("one row far away",
      [](Rng& rng, Size r, Size, bool of_x) { return (!of_x && r == 5 ? 1e6 : 0) + rng.normal(); });
  return all;
}

}  // namespace nescio::expr
