// For tests: the pictures that testdata/print_changed.py changes.
#pragma once

#include <span>
#include <string>

#include "image/image.h"
#include "io/sha256.h"

namespace nescio::image {

inline Image pattern(std::size_t height, std::size_t width, std::size_t channels) {
  Image image{height, width, channels, {}};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t value = (x * 37 + y * 101 + c * 59 + x * y * 7) % 256;
        image.pixels.push_back(static_cast<std::uint8_t>(value * (c + 3) / 8 + 20));
      }
    }
  }
  return image;
}

/// Every 15th value of red, green and blue.
inline Image all_colours() {
  Image image{18, 324, 3, {}};
  for (std::size_t i = 0; i < 18 * 324; ++i) {
    for (const std::size_t step : {i / 324, i / 18 % 18, i % 18}) {
      image.pixels.push_back(static_cast<std::uint8_t>(15 * step));
    }
  }
  return image;
}

/// How the SHA-256 of the pixels begins.
inline std::string digest(const Image& image) {
  return io::sha256(std::span<const std::uint8_t>(image.pixels)).substr(0, 16);
}

}  // namespace nescio::image
