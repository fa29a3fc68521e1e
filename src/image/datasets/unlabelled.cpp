#include "image/datasets/unlabelled.h"

#include "io/sha256.h"

namespace nescio::image {
namespace {

class Unlabelled final : public Dataset {
 public:
  explicit Unlabelled(std::unique_ptr<Dataset> source) : source_(std::move(source)) {}

  std::size_t size() const override { return source_->size(); }
  Sample load(std::size_t i) const override {
    Sample sample = source_->load(i);
    sample.label = -1;
    return sample;
  }
  std::int64_t label(std::size_t) const override { return -1; }
  std::string hash() const override { return io::sha256(text(source_->hash(), " unlabelled")); }
  std::string name(std::size_t i) const override { return source_->name(i); }
  std::vector<std::string> skipped() const override { return source_->skipped(); }
  Notices notices() const override { return source_->notices(); }

 private:
  std::unique_ptr<Dataset> source_;
};

}  // namespace

std::unique_ptr<Dataset> unlabelled(std::unique_ptr<Dataset> source) {
  return std::make_unique<Unlabelled>(std::move(source));
}

}  // namespace nescio::image
