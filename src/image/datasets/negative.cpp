#include "image/datasets/negative.h"

#include "image/datasets/wrapped.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

class Negative final : public Wrapped {
 public:
  using Wrapped::Wrapped;

  Sample load(std::size_t i) const override {
    Sample sample = source().load(i);
    for (std::uint8_t& value : sample.image.pixels) value = static_cast<std::uint8_t>(255 - value);
    return sample;
  }
  std::string hash() const override { return io::sha256(text(source().hash(), " negative")); }
};

}  // namespace

std::unique_ptr<Dataset> negative_of(std::unique_ptr<Dataset> source) {
  return std::make_unique<Negative>(std::move(source));
}

}  // namespace nescio::image
