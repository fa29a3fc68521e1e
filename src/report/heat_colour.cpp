#include "report/heat_colour.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace nescio::report {
namespace {

using Rgb = std::array<double, 3>;  // 0 .. 255

constexpr Rgb light = {247, 250, 253};
constexpr Rgb middle = {86, 156, 205};
constexpr Rgb dark = {4, 38, 82};

Rgb mix(const Rgb& a, const Rgb& b, double share) {
  Rgb out;
  for (std::size_t c = 0; c < 3; ++c) out[c] = a[c] + share * (b[c] - a[c]);
  return out;
}

std::string to_hex(const Rgb& colour) {
  char buffer[8];
  std::snprintf(
      buffer, sizeof buffer, "#%02x%02x%02x", static_cast<unsigned>(std::lround(colour[0])),
      static_cast<unsigned>(std::lround(colour[1])), static_cast<unsigned>(std::lround(colour[2])));
  return buffer;
}

double relative_luminance(const std::string& colour) {
  constexpr std::array<double, 3> weights = {0.2126, 0.7152, 0.0722};
  double out = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    unsigned byte = 0;
    std::from_chars(colour.data() + 1 + 2 * c, colour.data() + 3 + 2 * c, byte, 16);
    const double s = byte / 255.0;
    out += weights[c] * (s <= 0.04045 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4));
  }
  return out;
}

}  // namespace

HeatColour heat_colour(double auroc) {
  const double t = std::clamp((auroc - 0.5) / 0.5, 0.0, 1.0);
  const std::string background =
      to_hex(t < 0.5 ? mix(light, middle, 2 * t) : mix(middle, dark, 2 * t - 1));
  const std::string black = "#000000", white = "#ffffff";
  return {background, contrast(background, black) > contrast(background, white) ? black : white};
}

double contrast(const std::string& a, const std::string& b) {
  const double one = relative_luminance(a), other = relative_luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

}  // namespace nescio::report
