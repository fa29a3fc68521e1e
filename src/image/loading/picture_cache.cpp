#include "image/loading/picture_cache.h"

#include <utility>

namespace nescio::image {

PictureCache::PictureCache(const Dataset& dataset, const Preprocessor& preprocessor, PictureUse use)
    : dataset_(dataset), preprocessor_(preprocessor), use_(use) {
  if (!use.keep) return;
  decoded_ = std::make_unique<Once[]>(dataset.size());
  kept_.resize(dataset.size());
}

Sample PictureCache::decode(std::size_t item) const {
  Sample sample = dataset_.load(item);
  if (!use_.whole) sample.image = preprocessor_.fit(std::move(sample.image));
  return sample;
}

Sample PictureCache::sample(std::size_t item) {
  if (!use_.keep) return decode(item);
  const Size network = preprocessor_.network();
  // Colours are kept for a grey network too: augmentations change them before they become grey.
  const std::size_t most = 3 * network.height * network.width;
  Sample found;
  decoded_[item]([&] {
    found = decode(item);
    if (found.image.pixels.size() <= most) kept_[item] = found;
  });
  if (!found.image.pixels.empty()) return found;
  return kept_[item].image.pixels.empty() ? decode(item) : kept_[item];
}

}  // namespace nescio::image
