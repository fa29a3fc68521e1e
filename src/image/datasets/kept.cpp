#include "image/datasets/kept.h"

#include <mutex>
#include <optional>

namespace nescio::image {
namespace {

class Kept final : public Dataset {
 public:
  Kept(std::unique_ptr<Dataset> source, std::shared_ptr<MemoryBudget> budget)
      : source_(std::move(source)),
        budget_(std::move(budget)),
        decoded_(std::make_unique<std::once_flag[]>(source_->size())),
        kept_(source_->size()) {}

  std::size_t size() const override { return source_->size(); }
  Sample load(std::size_t i) const override {
    std::optional<Sample> without_room;
    std::call_once(decoded_[i], [&] {
      Sample sample = source_->load(i);
      if (budget_->take(sample.image.pixels.size())) {
        kept_[i] = std::move(sample);
      } else {
        without_room = std::move(sample);
      }
    });
    if (without_room) return std::move(*without_room);
    return kept_[i].image.pixels.empty() ? source_->load(i) : kept_[i];
  }
  std::int64_t label(std::size_t i) const override { return source_->label(i); }
  std::string hash() const override {
    std::call_once(hashed_, [&] { hash_ = source_->hash(); });
    return hash_;
  }
  std::vector<std::string> class_names() const override { return source_->class_names(); }
  std::string name(std::size_t i) const override { return source_->name(i); }
  std::vector<std::string> skipped() const override { return source_->skipped(); }
  Notices notices() const override { return source_->notices(); }

 private:
  std::unique_ptr<Dataset> source_;
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
