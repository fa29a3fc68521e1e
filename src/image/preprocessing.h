// From a picture to what a network reads: resized, its channels in order, normalised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/parameters.h"
#include "image/image.h"
#include "image/resize.h"

namespace nescio::image {

/// Belongs to a network's description and is recorded in the bank. The value of a channel is
/// (pixel / 255 - mean) / std; mean and std are in the order of `channels`. Grey from colours is
/// Pillow's mode L, 0.299 red + 0.587 green + 0.114 blue in whole steps, taken after resizing.
///
/// With short_side 0 a picture is resized straight to height x width. Otherwise its short side gets
/// this length, the long one what keeps its shape (rounded down), and the centre is cut out, as
/// torchvision's Resize and CenterCrop do; what is smaller than the cut is an error.
struct Preprocessing {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t short_side = 0;
  std::string resize = "bilinear";       // name of a Filter
  std::string channels = "rgb";          // or "bgr" or "grey"
  std::vector<double> mean = {0, 0, 0};  // one for each channel
  std::vector<double> std = {1, 1, 1};

  std::size_t planes() const { return channels == "grey" ? 1 : 3; }
};

/// What the networks of ImageNet were trained with: short side 256, the 224 x 224 of the centre.
Preprocessing imagenet_preprocessing();

nlohmann::json to_json(const Preprocessing& preprocessing);
/// What to_json() wrote. Error, beginning with `where`, if a member is missing or has another type.
Preprocessing preprocessing_from_json(const nlohmann::json& object, std::string_view where);

/// Somebody's wishes, as they stand behind the '?' of a model spec; what is not set stays.
struct PreprocessingChanges {
  std::optional<std::int64_t> size, short_side;
  std::optional<std::string> resize, channels;
  std::optional<std::vector<double>> mean, std;
};
const std::vector<Parameter<PreprocessingChanges>>& preprocessing_parameters();
Preprocessing changed(Preprocessing preprocessing, const PreprocessingChanges& changes);

/// Applies a Preprocessing to one picture after the other; may be used by several threads.
class Preprocessor {
 public:
  /// Error if sides (at most 8192), filter, channel order, mean or std make no sense.
  explicit Preprocessor(const Preprocessing& preprocessing);

  /// Height and width of what the network reads.
  Size network() const { return {settings_.height, settings_.width}; }
  /// Floats of one picture: planes x height x width.
  std::size_t size() const { return settings_.planes() * settings_.height * settings_.width; }
  /// Writes [planes, height, width]; `out` has size() elements.
  void apply(const Image& image, std::span<float> out) const;

  /// The two halves of apply(), for those who change pictures in between: resized and cut to height
  /// x width, then the values of such a picture.
  Image fit(Image image) const;
  void normalise(const Image& image, std::span<float> out) const;

  /// The two halves of normalise(), for those who normalise elsewhere: the bytes [height, width,
  /// planes] of a picture of that size, `out` of size() elements, and what each byte becomes. The
  /// value of byte b of plane c is tables()[c][b], bit by bit.
  void interleave(const Image& image, std::span<std::uint8_t> out) const;
  const std::vector<std::array<float, 256>>& tables() const { return values_; }

 private:
  /// What a picture is resized to, and which part of that is kept.
  struct Target {
    std::size_t height, width;
    Cut cut;
  };
  Target target_of(const Image& image) const;
  /// Writes the values of the part `cut` of a picture.
  void normalise(const Image& image, const Cut& cut, std::span<float> out) const;
  /// Calls put(place, byte) for each pixel of plane `c` of that part.
  template <class Put>
  void each_byte(const Image& image, const Cut& cut, std::size_t c, Put put) const;

  Preprocessing settings_;
  std::vector<std::array<float, 256>> values_;  // of each pixel value, by plane
};

}  // namespace nescio::image
