#include "image/datasets/unlabelled.h"

#include "image/datasets/wrapped.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

class Unlabelled final : public Wrapped {
 public:
  using Wrapped::Wrapped;

  Sample load(std::size_t i) const override {
    Sample sample = source().load(i);
    sample.label = -1;
    return sample;
  }
  std::int64_t label(std::size_t) const override { return -1; }
  std::vector<std::string> class_names() const override { return {}; }
  std::string hash() const override { return io::sha256(text(source().hash(), " unlabelled")); }
};

}  // namespace

std::unique_ptr<Dataset> unlabelled(std::unique_ptr<Dataset> source) {
  return std::make_unique<Unlabelled>(std::move(source));
}

}  // namespace nescio::image
