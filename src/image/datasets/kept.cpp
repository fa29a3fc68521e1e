#include "image/datasets/kept.h"

#include <mutex>
#include <optional>

#include "image/datasets/wrapped.h"

namespace nescio::image {
namespace {

class Kept final : public Wrapped {
 public:
  Kept(std::unique_ptr<Dataset> source, std::shared_ptr<MemoryBudget> budget)
      : Wrapped(std::move(source)),
        budget_(std::move(budget)),
        decoded_(std::make_unique<std::once_flag[]>(Wrapped::size())),
        kept_(Wrapped::size()) {}

  Sample load(std::size_t i) const override {
    std::optional<Sample> without_room;
    std::call_once(decoded_[i], [&] {
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
    std::call_once(hashed_, [&] { hash_ = source().hash(); });
    return hash_;
  }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  std::unique_ptr<std::once_flag[]> decoded_;
  mutable std::vector<Sample> kept_;  // without pixels where there was no room
  mutable std::once_flag hashed_;
  mutable std::string hash_;
};

}  // namespace

std::unique_ptr<Dataset> kept_in_memory(std::unique_ptr<Dataset> source,
                                        std::shared_ptr<MemoryBudget> budget) {
  return std::make_unique<Kept>(std::move(source), std::move(budget));
}

}  // namespace nescio::image
