#include "image/augmentations/random_cut.h"

#include <cmath>

namespace nescio::image {
namespace {

double draw(double from, double to, Rng& rng) { return from + rng.uniform() * (to - from); }

}  // namespace

std::optional<Cut> random_cut(Size picture, Size largest, const CutRange& range, Rng& rng) {
  const double whole = static_cast<double>(picture.height) * static_cast<double>(picture.width);
  const double log_least = std::log(range.ratio_min);
  const double log_most = std::log(range.ratio_max);
  for (int tries = 0; tries < 10; ++tries) {
    const double area = whole * draw(range.scale_min, range.scale_max, rng);
    const double shape = std::exp(draw(log_least, log_most, rng));
    const auto height = static_cast<std::size_t>(std::lround(std::sqrt(area / shape)));
    const auto width = static_cast<std::size_t>(std::lround(std::sqrt(area * shape)));
    if (height == 0 || width == 0 || height > largest.height || width > largest.width) continue;
    const std::size_t top = rng.below(picture.height - height + 1);
    return Cut{top, rng.below(picture.width - width + 1), height, width};
  }
  return std::nullopt;
}

}  // namespace nescio::image
