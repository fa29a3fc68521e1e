// Colours away, at random.
#include "image/augmentations/augmentation.h"
#include "image/augmentations/colour.h"

namespace nescio::image {
namespace {

class RandomGrey final : public Augment {
 public:
  double p = 0.2;

  bool does_something() const override { return p > 0; }
  void apply(Image& image, Size, Rng& rng) const override {
    if (rng.uniform() < p) change_saturation(image, 0);
  }
};

}  // namespace

namespace augmentations {
AugmentInfo random_grey() {
  return describe_augment<RandomGrey>(
      {.name = "random_grey",
       .summary = "Takes the colours away at random",
       .paper = "Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of "
                "Visual Representations, ICML 2020",
       .parameters = {bind_parameter<Augment>(
           &RandomGrey::p, {.name = "p", .doc = "how often", .min = 0, .max = 1})}});
}
}  // namespace augmentations
}  // namespace nescio::image
