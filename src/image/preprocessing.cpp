#include "image/preprocessing.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"

namespace nescio::image {
namespace {

constexpr std::size_t max_side = 8192;

/// As Pillow computes it: the weights of ITU-R BT.601 in units of 2^-16, rounded to the nearest.
std::size_t grey_of(const std::uint8_t* rgb) {
  return (19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16;
}

}  // namespace

Preprocessing imagenet_preprocessing() {
  return {.height = 224,
          .width = 224,
          .short_side = 256,
          .mean = {0.485, 0.456, 0.406},
          .std = {0.229, 0.224, 0.225}};
}

nlohmann::json to_json(const Preprocessing& p) {
  return {{"height", p.height},
          {"width", p.width},
          {"resize", p.resize},
          {"short_side", p.short_side},
          {"channels", p.channels},
          {"mean", p.mean},
          {"std", p.std}};
}

Preprocessing preprocessing_from_json(const nlohmann::json& object, std::string_view where) {
  try {
    Preprocessing p;
    object.at("height").get_to(p.height);
    object.at("width").get_to(p.width);
    object.at("resize").get_to(p.resize);
    object.at("short_side").get_to(p.short_side);
    object.at("channels").get_to(p.channels);
    object.at("mean").get_to(p.mean);
    object.at("std").get_to(p.std);
    return p;
  } catch (const nlohmann::json::exception& e) {
    fail(where, ": damaged preprocessing: ", e.what());
  }
}

const std::vector<Parameter<PreprocessingChanges>>& preprocessing_parameters() {
  const auto bind = [](auto member, ParameterInfo info) {
    return bind_parameter<PreprocessingChanges>(member, std::move(info));
  };
  using Changes = PreprocessingChanges;
  static const std::vector<Parameter<Changes>> parameters = {
      bind(&Changes::size, {.name = "size",
                            .doc = "height and width of what the network reads",
                            .unit = "pixels",
                            .min = 1,
                            .max = max_side}),
      bind(&Changes::short_side,
           {.name = "short_side",
            .doc = "resize the short side to this and cut the centre out; 0: resize straight to "
                   "size x size",
            .unit = "pixels",
            .min = 0,
            .max = max_side}),
      bind(&Changes::resize, {.name = "resize", .doc = "how to resize", .choices = filter_names()}),
      bind(&Changes::channels,
           {.name = "channels",
            .doc = "order of the colours, or grey; as many as the network reads",
            .choices = {"rgb", "bgr", "grey"}}),
      bind(&Changes::mean, {.name = "mean",
                            .doc = "of each channel, in the order of channels; subtracted",
                            .unit = "pixel / 255"}),
      bind(&Changes::std, {.name = "std",
                           .doc = "of each channel, in the order of channels; divided by",
                           .unit = "pixel / 255",
                           .min = 0,
                           .min_excluded = true}),
  };
  return parameters;
}

Preprocessing changed(Preprocessing p, const PreprocessingChanges& changes) {
  if (changes.size) p.height = p.width = static_cast<std::size_t>(*changes.size);
  if (changes.short_side) p.short_side = static_cast<std::size_t>(*changes.short_side);
  p.resize = changes.resize.value_or(p.resize);
  p.channels = changes.channels.value_or(p.channels);
  p.mean = changes.mean.value_or(p.mean);
  p.std = changes.std.value_or(p.std);
  return p;
}

namespace {

/// Where a part of this length in the middle begins; between two pixels it is at the even one, as
/// Python rounds.
std::size_t middle(std::size_t whole, std::size_t part) {
  const std::size_t half = (whole - part) / 2;
  return (whole - part) % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

}  // namespace

Preprocessor::Preprocessor(const Preprocessing& p) : settings_(p) {
  if (p.height == 0 || p.width == 0 || std::max({p.height, p.width, p.short_side}) > max_side) {
    fail("preprocessing: expected sides in [1, ", max_side, "], found ", p.height, " x ", p.width,
         ", short side ", p.short_side);
  }
  if (p.short_side != 0 && p.short_side < std::max(p.height, p.width)) {
    fail("preprocessing: expected short_side 0 or at least that of the cut, ",
         std::max(p.height, p.width), ", found ", p.short_side);
  }
  if (p.channels != "rgb" && p.channels != "bgr" && p.channels != "grey") {
    fail("preprocessing: expected channels rgb, bgr or grey, found '", p.channels, "'");
  }
  for (const auto& [name, numbers] : {std::pair("mean", p.mean), std::pair("std", p.std)}) {
    if (numbers.size() == p.planes()) continue;
    fail("preprocessing: expected one ", name, " for each channel of ", p.channels, ", found ",
         numbers.size());
  }
  find_filter(p.resize);
  values_.resize(p.planes());
  for (std::size_t c = 0; c < values_.size(); ++c) {
    if (!(p.std[c] > 0)) fail("preprocessing: expected std > 0, found ", p.std[c]);
    if (!std::isfinite(p.mean[c])) fail("preprocessing: expected a mean, found ", p.mean[c]);
    const auto mean = static_cast<float>(p.mean[c]);
    const auto std = static_cast<float>(p.std[c]);
    for (std::size_t v = 0; v < 256; ++v) {
      values_[c][v] = (static_cast<float>(v) / 255.0f - mean) / std;
    }
  }
}

Preprocessor::Target Preprocessor::target_of(const Image& image) const {
  const std::size_t shorter = std::min(image.height, image.width);
  if (shorter == 0) fail("image: expected at least one pixel, found none");
  if (image.channels != 1 && image.channels != 3) {
    fail("image: expected 1 or 3 channels, found ", image.channels);
  }
  std::size_t height = settings_.height;
  std::size_t width = settings_.width;
  if (settings_.short_side != 0) {
    height = settings_.short_side * image.height / shorter;
    width = settings_.short_side * image.width / shorter;
  }
  return {height,
          width,
          {middle(height, settings_.height), middle(width, settings_.width), settings_.height,
           settings_.width}};
}

void Preprocessor::apply(const Image& image, std::span<float> out) const {
  assert(out.size() == size());
  const Target to = target_of(image);
  if (image.height == to.height && image.width == to.width) return normalise(image, to.cut, out);
  normalise(resize(image, to.height, to.width, find_filter(settings_.resize), to.cut), out);
}

Image Preprocessor::fit(Image image) const {
  const Target to = target_of(image);
  const bool there = image.height == to.height && image.width == to.width &&
                     to.cut.height == to.height && to.cut.width == to.width;
  if (there) return image;
  return resize(image, to.height, to.width, find_filter(settings_.resize), to.cut);
}

void Preprocessor::normalise(const Image& image, std::span<float> out) const {
  normalise(image, {0, 0, settings_.height, settings_.width}, out);
}

template <class Put>
void Preprocessor::each_byte(const Image& image, const Cut& cut, std::size_t c, Put put) const {
  const std::size_t channels = image.channels;
  const bool mixed = settings_.channels == "grey" && channels == 3;
  // A grey picture has one channel that serves for all three.
  const std::size_t source = channels == 1 ? 0 : (settings_.channels == "bgr" ? 2 - c : c);
  for (std::size_t y = 0, place = 0; y < cut.height; ++y) {
    const std::uint8_t* pixel =
        image.pixels.data() + ((cut.top + y) * image.width + cut.left) * channels + source;
    for (std::size_t x = 0; x < cut.width; ++x, ++place, pixel += channels) {
      put(place, mixed ? grey_of(pixel) : *pixel);
    }
  }
}

void Preprocessor::interleave(const Image& image, std::span<std::uint8_t> out) const {
  assert(out.size() == size());
  const std::size_t planes = values_.size();
  if (image.channels == planes && settings_.channels != "bgr") {
    std::ranges::copy(image.pixels, out.begin());
    return;
  }
  for (std::size_t c = 0; c < planes; ++c) {
    each_byte(image, {0, 0, settings_.height, settings_.width}, c,
              [planes, to = out.data() + c](std::size_t place, std::size_t byte) {
                to[place * planes] = static_cast<std::uint8_t>(byte);
              });
  }
}

void Preprocessor::normalise(const Image& image, const Cut& cut, std::span<float> out) const {
  for (std::size_t c = 0; c < values_.size(); ++c) {
    each_byte(image, cut, c,
              [&values = values_[c], to = out.data() + c * cut.height * cut.width](
                  std::size_t place, std::size_t byte) { to[place] = values[byte]; });
  }
}

}  // namespace nescio::image
