#include "train/masked_images.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "base/usage.h"

namespace nescio::train {

nn::VisionTransformer& transformer_of(nn::Network& network, const std::string& name) {
  auto* const transformer = dynamic_cast<nn::VisionTransformer*>(&network);
  if (!transformer) {
    fail("expected a network of patches, such as vit_t4_32 or vit_base_patch16_224, found ",
         name.empty() ? "another one" : name);
  }
  return *transformer;
}

torch::Tensor patches_of(const torch::Tensor& images, std::int64_t patch) {
  const std::int64_t rows = images.size(0), channels = images.size(1);
  if (images.size(2) % patch != 0 || images.size(3) % patch != 0) {
    fail("pictures of ", images.size(2), " x ", images.size(3), " are not made of patches of ",
         patch, " x ", patch);
  }
  const std::int64_t down = images.size(2) / patch, across = images.size(3) / patch;
  return images.reshape({rows, channels, down, patch, across, patch})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({rows, down * across, patch * patch * channels});
}

torch::Tensor pictures_of(const torch::Tensor& patches, std::int64_t patch) {
  const std::int64_t rows = patches.size(0), channels = patches.size(2) / (patch * patch);
  const auto side = std::llround(std::sqrt(static_cast<double>(patches.size(1))));
  return patches.reshape({rows, side, side, patch, patch, channels})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({rows, channels, side * patch, side * patch});
}

torch::Tensor normalised_patches(const torch::Tensor& patches) {
  const torch::Tensor mean = patches.mean(-1, true);
  const torch::Tensor variance = patches.var(-1, /*unbiased=*/true, /*keepdim=*/true);
  return (patches - mean) / (variance + 1e-6).sqrt();
}

torch::Tensor random_orders(std::int64_t rows, std::int64_t patches) {
  return torch::rand({rows, patches}).argsort(std::int64_t{1});
}

torch::Tensor random_units(std::int64_t rows, std::int64_t side, std::int64_t unit, double share) {
  if (unit < 1 || side % unit != 0) {
    fail_usage("unit=", unit, ": expected a divisor of ", side, ", the patches along a side");
  }
  const std::int64_t units = side / unit;
  const auto hidden =
      static_cast<std::int64_t>(std::ceil(share * static_cast<double>(units * units)));
  const torch::Tensor rank = random_orders(rows, units * units).argsort(std::int64_t{1});
  return rank.lt(hidden)
      .view({rows, units, 1, units, 1})
      .expand({rows, units, unit, units, unit})
      .reshape({rows, side * side});
}

torch::Tensor blockwise_masks(std::int64_t rows, std::int64_t side, std::int64_t count,
                              std::int64_t smallest) {
  const torch::Tensor masks = torch::zeros({rows, side * side}, torch::kBool);
  const auto seeds =
      torch::randint(std::numeric_limits<std::int64_t>::max(), {rows}, torch::kInt64);
  const double widest = std::log(1 / 0.3);
  for (std::int64_t row = 0; row < rows; ++row) {
    bool* const mask = masks[row].data_ptr<bool>();
    Rng rng(static_cast<std::uint64_t>(seeds[row].item<std::int64_t>()));
    std::int64_t hidden = 0;
    while (hidden < count) {
      const std::int64_t room = count - hidden;
      std::int64_t added = 0;
      for (int attempt = 0; attempt < 10 && added == 0; ++attempt) {
        const double area =
            static_cast<double>(smallest) + rng.uniform() * static_cast<double>(room - smallest);
        const double ratio = std::exp(widest * (2 * rng.uniform() - 1));
        const auto high = std::llround(std::sqrt(area * ratio));
        const auto wide = std::llround(std::sqrt(area / ratio));
        if (high < 1 || wide < 1 || high >= side || wide >= side) continue;
        const auto top =
            static_cast<std::int64_t>(rng.below(static_cast<std::size_t>(side - high + 1)));
        const auto left =
            static_cast<std::int64_t>(rng.below(static_cast<std::size_t>(side - wide + 1)));
        std::int64_t fresh = 0;
        for (std::int64_t y = top; y < top + high; ++y) {
          for (std::int64_t x = left; x < left + wide; ++x) fresh += !mask[y * side + x];
        }
        if (fresh == 0 || fresh > room) continue;
        for (std::int64_t y = top; y < top + high; ++y) {
          std::fill_n(mask + y * side + left, wide, true);
        }
        added = fresh;
      }
      if (added == 0) break;
      hidden += added;
    }
  }
  return masks;
}

SameRandomNumbers::SameRandomNumbers() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  state_ = generator.get_state();
  generator.set_current_seed(0);
}

SameRandomNumbers::~SameRandomNumbers() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state_);
}

}  // namespace nescio::train
