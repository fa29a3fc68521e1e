// The colour scale of the heat map.
#pragma once

#include <string>

namespace nescio::report {

/// Colours as #rrggbb.
struct HeatColour {
  std::string background;
  std::string text;  // black or white, whichever has more contrast (at least 4.5 : 1)
};

/// An AUROC as one hue that grows darker from 0.5 (and below) to 1: lightness alone carries the
/// value, so it reads the same for every kind of colour vision and in print.
HeatColour heat_colour(double auroc);

/// Contrast of two colours #rrggbb, 1 .. 21 (W3C, Web Content Accessibility Guidelines 2.2,
/// "contrast ratio").
double contrast(const std::string& a, const std::string& b);

}  // namespace nescio::report
