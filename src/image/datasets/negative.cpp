#include "image/datasets/negative.h"

#include "io/sha256.h"

namespace nescio::image {
namespace {

class Negative final : public Dataset {
 public:
  explicit Negative(std::unique_ptr<Dataset> source) : source_(std::move(source)) {}

  std::size_t size() const override { return source_->size(); }
  Sample load(std::size_t i) const override {
    Sample sample = source_->load(i);
    for (std::uint8_t& value : sample.image.pixels) value = static_cast<std::uint8_t>(255 - value);
    return sample;
  }
  std::int64_t label(std::size_t i) const override { return source_->label(i); }
  std::string hash() const override { return io::sha256(text(source_->hash(), " negative")); }
  std::vector<std::string> class_names() const override { return source_->class_names(); }
  std::string name(std::size_t i) const override { return source_->name(i); }
  std::vector<std::string> skipped() const override { return source_->skipped(); }
  Notices notices() const override { return source_->notices(); }

 private:
  std::unique_ptr<Dataset> source_;
};

}  // namespace

std::unique_ptr<Dataset> negative_of(std::unique_ptr<Dataset> source) {
  return std::make_unique<Negative>(std::move(source));
}

}  // namespace nescio::image
