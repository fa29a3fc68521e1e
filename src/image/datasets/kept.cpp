#include "image/datasets/kept.h"

#include <optional>

#include "base/once.h"
#include "image/datasets/wrapped.h"

namespace nescio::image {
namespace {

class Kept final : public Wrapped {
 public:
  Kept(std::unique_ptr<Dataset> source, std::shared_ptr<MemoryBudget> budget)
      : Wrapped(std::move(source)),
        budget_(std::move(budget)),
        decoded_(std::make_unique<Once[]>(Wrapped::size())),
        kept_(Wrapped::size()) {}

  Sample load(std::size_t i) const override {
    std::optional<Sample> without_room;
    decoded_[i]([&] {
      Sample sample = source().load(i);
      if (budget_->take(sample.image.pixels.size())) {
        kept_[i] = std::move(sample);
      } else {
        without_room = std::move(sample);
      }
    });
    if (without_room) return std::move(*without_room);
    return kept_[i].image.pixels.empty() ? source().load(i) : kept_[i];
  }
  std::string hash() const override {
    hashed_([&] { hash_ = source().hash(); });
    return hash_;
  }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  std::unique_ptr<Once[]> decoded_;
  mutable std::vector<Sample> kept_;  // without pixels where there was no room
  mutable Once hashed_;
  mutable std::string hash_;
};

}  // namespace

std::unique_ptr<Dataset> kept_in_memory(std::unique_ptr<Dataset> source,
                                        std::shared_ptr<MemoryBudget> budget) {
  return std::make_unique<Kept>(std::move(source), std::move(budget));
}

}  // namespace nescio::image
