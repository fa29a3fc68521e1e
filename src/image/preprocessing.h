// From a picture to what a network reads: resized, three channels, normalised.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "image/image.h"
#include "image/resize.h"

namespace nescio {

/// Belongs to a network's description and is recorded in the bank. The value of a channel is
/// (pixel / 255 - mean) / std; mean and std are in the order of `channels`.
///
/// With short_side 0 a picture is resized straight to height x width. Otherwise its short side gets
/// this length, the long one what keeps its shape (rounded down), and the centre is cut out, as
/// torchvision's Resize and CenterCrop do; what is smaller than the cut is an error.
struct Preprocessing {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t short_side = 0;
  std::string resize = "bilinear";  // name of a Filter
  std::string channels = "rgb";     // or "bgr"
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
};

nlohmann::json to_json(const Preprocessing& preprocessing);

/// Applies a Preprocessing to one picture after the other; may be used by several threads.
class Preprocessor {
 public:
  /// Error if sides, filter, channel order or std make no sense.
  explicit Preprocessor(const Preprocessing& preprocessing);

  /// Floats of one picture: 3 x height x width.
  std::size_t size() const { return 3 * settings_.height * settings_.width; }
  /// Writes [3, height, width]; `out` has size() elements.
  void apply(const Image& image, std::span<float> out) const;

  /// The two halves of apply(), for those who change pictures in between: resized and cut to height
  /// x width, then the values of such a picture.
  Image fit(Image image) const;
  void normalise(const Image& image, std::span<float> out) const;

 private:
  /// What a picture is resized to, and which part of that is kept.
  struct Target {
    std::size_t height, width;
    Cut cut;
  };
  Target target_of(const Image& image) const;
  /// Writes the values of the part `cut` of a picture.
  void normalise(const Image& image, const Cut& cut, std::span<float> out) const;

  Preprocessing settings_;
  std::array<std::array<float, 256>, 3> values_;  // of each pixel value, by output channel
};

}  // namespace nescio
