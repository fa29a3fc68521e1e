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

namespace nescio {

/// One kind of change. apply() may be called by several threads at once.
class Augment {
 public:
  virtual ~Augment() = default;
  /// `image` has the network's height and width, which it keeps; all randomness comes from `rng`.
  virtual void apply(Image& image, Rng& rng) const = 0;
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
  /// "crop(padding=4),flip", or "none". Error with the nearest name for what is not known.
  explicit Augmentation(std::string_view specs);

  /// The change depends on these three numbers only.
  void apply(Image& image, std::uint64_t seed, std::size_t epoch, std::size_t item) const;

 private:
  std::vector<std::shared_ptr<const Augment>> steps_;
};

}  // namespace nescio
