#include "image/preprocessing.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "image/resize.h"

namespace nescio {

nlohmann::json to_json(const Preprocessing& p) {
  return {{"height", p.height},
          {"width", p.width},
          {"resize", p.resize},
          {"short_side", p.short_side},
          {"channels", p.channels},
          {"mean", p.mean},
          {"std", p.std}};
}

namespace {

/// The middle of a picture; where that is between two pixels, the even one (as Python rounds).
Image centre_crop(const Image& image, std::size_t height, std::size_t width) {
  const auto begin = [](std::size_t whole, std::size_t part) {
    const std::size_t spare = whole - part;
    const std::size_t half = spare / 2;
    return spare % 2 == 1 && half % 2 == 1 ? half + 1 : half;
  };
  const std::size_t top = begin(image.height, height);
  const std::size_t left = begin(image.width, width);
  Image out{height, width, image.channels, {}};
  out.pixels.reserve(height * width * image.channels);
  for (std::size_t y = 0; y < height; ++y) {
    const auto row = image.pixels.begin() +
                     static_cast<std::ptrdiff_t>(((top + y) * image.width + left) * image.channels);
    out.pixels.insert(out.pixels.end(), row,
                      row + static_cast<std::ptrdiff_t>(width * image.channels));
  }
  return out;
}

Image resize_short_side(const Image& image, std::size_t side, const Filter& filter) {
  const bool wide = image.width >= image.height;
  const std::size_t shorter = wide ? image.height : image.width;
  const std::size_t longer = wide ? image.width : image.height;
  const std::size_t length = side * longer / shorter;
  return wide ? resize(image, side, length, filter) : resize(image, length, side, filter);
}

}  // namespace

Preprocessor::Preprocessor(const Preprocessing& p) : settings_(p) {
  if (p.height == 0 || p.width == 0) {
    fail("preprocessing: expected sides of at least 1, found ", p.height, " x ", p.width);
  }
  if (p.short_side != 0 && p.short_side < std::max(p.height, p.width)) {
    fail("preprocessing: expected short_side 0 or at least that of the cut, ",
         std::max(p.height, p.width), ", found ", p.short_side);
  }
  if (p.channels != "rgb" && p.channels != "bgr") {
    fail("preprocessing: expected channels rgb or bgr, found '", p.channels, "'");
  }
  find_filter(p.resize);
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(p.std[c] > 0)) fail("preprocessing: expected std > 0, found ", p.std[c]);
    const auto mean = static_cast<float>(p.mean[c]);
    const auto std = static_cast<float>(p.std[c]);
    for (std::size_t v = 0; v < 256; ++v) {
      values_[c][v] = (static_cast<float>(v) / 255.0f - mean) / std;
    }
  }
}

void Preprocessor::apply(const Image& image, std::span<float> out) const {
  assert(out.size() == size());
  const std::size_t shorter = std::min(image.height, image.width);
  if (settings_.short_side != 0 &&
      (image.height != settings_.height || image.width != settings_.width ||
       shorter != settings_.short_side)) {
    if (shorter == 0) fail("image: expected at least one pixel, found none");
    const Image scaled =
        shorter == settings_.short_side
            ? image
            : resize_short_side(image, settings_.short_side, find_filter(settings_.resize));
    return normalise(centre_crop(scaled, settings_.height, settings_.width), out);
  }
  if (image.height != settings_.height || image.width != settings_.width) {
    return normalise(
        resize(image, settings_.height, settings_.width, find_filter(settings_.resize)), out);
  }
  normalise(image, out);
}

void Preprocessor::normalise(const Image& image, std::span<float> out) const {
  if (image.channels != 1 && image.channels != 3) {
    fail("image: expected 1 or 3 channels, found ", image.channels);
  }
  const std::size_t plane = image.height * image.width;
  for (std::size_t c = 0; c < 3; ++c) {
    // A grey picture has one channel that serves for all three.
    const std::size_t source = image.channels == 1 ? 0 : (settings_.channels == "rgb" ? c : 2 - c);
    const std::uint8_t* pixel = image.pixels.data() + source;
    float* to = out.data() + c * plane;
    for (std::size_t i = 0; i < plane; ++i) to[i] = values_[c][pixel[i * image.channels]];
  }
}

}  // namespace nescio
