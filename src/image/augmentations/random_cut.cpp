#include "image/augmentations/random_cut.h"

#include <cmath>

namespace nescio::image {
namespace {

double draw(Interval interval, Rng& rng) {
  return interval.from + rng.uniform() * (interval.to - interval.from);
}

}  // namespace

std::optional<Cut> random_cut(Size picture, Size largest, Interval scale, Interval ratio,
                              Rng& rng) {
  const double whole = static_cast<double>(picture.height) * static_cast<double>(picture.width);
  const Interval log_ratio{std::log(ratio.from), std::log(ratio.to)};
  for (int tries = 0; tries < 10; ++tries) {
    const double area = whole * draw(scale, rng);
    const double shape = std::exp(draw(log_ratio, rng));
    const auto height = static_cast<std::size_t>(std::lround(std::sqrt(area / shape)));
    const auto width = static_cast<std::size_t>(std::lround(std::sqrt(area * shape)));
    if (height == 0 || width == 0 || height > largest.height || width > largest.width) continue;
    const std::size_t top = rng.below(picture.height - height + 1);
    return Cut{top, rng.below(picture.width - width + 1), height, width};
  }
  return std::nullopt;
}

}  // namespace nescio::image
