// Random changes to training pictures, named by lists of specs like crop(padding=4),flip.
//
// One file per kind in augmentations/: a class in an anonymous namespace and one function that
// describes it, called by the catalogue that CMake generates from `nescio_add_augmentation(name)`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parameters.h"
#include "base/rng.h"
#include "image/image.h"

namespace nescio::image {

/// One kind of change. apply() may be called by several threads at once.
class Augment {
 public:
  virtual ~Augment() = default;
  /// Makes of `image` one of the network's size, which it has already unless this is the first
  /// change of a list and takes_whole_pictures(). All randomness comes from `rng`.
  virtual void apply(Image& image, Size network, Rng& rng) const = 0;
  /// Whether it ever changes anything as its parameters are.
  virtual bool does_something() const { return true; }
  /// Whether it stands for the preprocessing's resizing and cutting where it comes first.
  virtual bool takes_whole_pictures() const { return false; }
};

/// The self-description from which reading of specs, `list` and `describe` come.
struct AugmentInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string paper = {};
  std::vector<Parameter<Augment>> parameters = {};
  std::function<std::unique_ptr<Augment>()> make = {};  // set by describe_augment<>
};

template <class Object>
AugmentInfo describe_augment(AugmentInfo info) {
  info.make = [] { return std::make_unique<Object>(); };
  return info;
}

namespace augmentations {
/// All kinds, by name.
const std::vector<AugmentInfo>& catalogue();
}  // namespace augmentations

/// Changes that are made one after the other, before the values are normalised.
class Augmentation {
 public:
  /// Leaves pictures as they are.
  Augmentation() = default;
  /// "crop(padding=4),flip", or "none". UsageError with the nearest name for what is not known, and
  /// for what does nothing.
  explicit Augmentation(std::string_view specs);

  /// Whether apply() wants pictures as they were decoded; otherwise they have the network's size.
  bool takes_whole_pictures() const;
  /// The change depends on `network` and the last three numbers only; `view` counts the changes
  /// of one picture.
  void apply(Image& image, Size network, std::uint64_t seed, std::size_t view,
             std::size_t item) const;

 private:
  std::vector<std::shared_ptr<const Augment>> steps_;
};

}  // namespace nescio::image
