// The few shapes that the report's charts are made of, as inline SVG.
//
// Colours and strokes belong to the style sheet (report.css): shapes carry classes.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/html.h"

namespace nescio::report {

/// From data to units of the drawing, linearly, for any finite data.
struct Scale {
  double from, to;    // data
  double start, end;  // drawing
  double operator()(double value) const {
    const bool fits = std::isfinite(to - from);  // -1e308 and 1e308 are further apart than a double
    const double share =
        fits ? (value - from) / (to - from) : (value / 2 - from / 2) / (to / 2 - from / 2);
    return start + share * (end - start);
  }
};

struct Point {
  double x = 0;
  double y = 0;
};

/// A picture of width x height units that fills the width it is given; `words` is what somebody
/// hears who cannot see it.
Html drawing(double width, double height, const std::string& words, const Html& content);

Html line(Point from, Point to, std::string_view style);
/// Points joined by straight lines, written to a tenth of a unit.
Html path(std::span<const Point> points, std::string_view style);
/// The same, closed along the base line.
Html area(std::span<const Point> points, double base, std::string_view style);
Html dot(Point centre, double radius, std::string_view style);
/// `anchor`: the end of the words that stands at the point: "start", "middle" or "end".
Html label(Point at, const std::string& words, std::string_view style,
           std::string_view anchor = "start");

/// Round numbers (1, 2 or 5 times a power of ten) inside [from, to], about `count` of them; none where
/// doubles there are too far apart for it.
std::vector<double> ticks(double from, double to, std::size_t count);
/// The number with as many decimals as ticks `step` apart need.
std::string tick_text(double value, double step);
/// A horizontal axis at `y`: line, ticks, numbers.
Html axis(const Scale& x, double y, std::size_t count);

/// Positions near the wanted ones (ascending), at least `gap` apart and inside [low, high] as far
/// as there is room.
std::vector<double> spread(std::vector<double> wanted, double gap, double low, double high);
}  // namespace nescio::report
