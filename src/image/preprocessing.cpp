#include "image/preprocessing.h"

#include <cassert>

#include "base/error.h"
#include "image/resize.h"

namespace nescio {

nlohmann::json to_json(const Preprocessing& p) {
  return {{"height", p.height},     {"width", p.width}, {"resize", p.resize},
          {"channels", p.channels}, {"mean", p.mean},   {"std", p.std}};
}

Preprocessor::Preprocessor(const Preprocessing& p) : settings_(p) {
  if (p.height == 0 || p.width == 0) {
    fail("preprocessing: expected sides of at least 1, found ", p.height, " x ", p.width);
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
  if (image.height != settings_.height || image.width != settings_.width) {
    return apply(resize(image, settings_.height, settings_.width, find_filter(settings_.resize)),
                 out);
  }
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
