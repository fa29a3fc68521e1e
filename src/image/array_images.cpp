#include "image/array_images.h"

#include "base/error.h"
#include "io/sha256.h"

namespace nescio {
namespace {

class ArrayImages final : public Dataset {
 public:
  ArrayImages(Array images, std::optional<Array> labels, std::string hash)
      : images_(std::move(images)), labels_(std::move(labels)), hash_(std::move(hash)) {}

  std::size_t size() const override { return images_.rows(); }
  Sample load(std::size_t i) const override {
    const Shape& shape = images_.shape();
    const auto pixels = images_.as<std::uint8_t>().subspan(i * images_.cols(), images_.cols());
    Sample sample;
    sample.image = {shape[1], shape[2], shape.size() == 4 ? shape[3] : 1,
                    std::vector<std::uint8_t>(pixels.begin(), pixels.end())};
    sample.label = label(i);
    sample.index = static_cast<std::int64_t>(i);
    return sample;
  }
  std::int64_t label(std::size_t i) const override {
    return labels_ ? labels_->as<std::int64_t>()[i] : -1;
  }
  std::string hash() const override { return hash_; }

 private:
  Array images_;
  std::optional<Array> labels_;
  std::string hash_;
};

}  // namespace

std::unique_ptr<Dataset> dataset_of_arrays(const Array& images, const std::optional<Array>& labels,
                                           std::string hash, std::string_view where) {
  const Shape& shape = images.shape();
  const bool grey = shape.size() == 3 || (shape.size() == 4 && shape[3] == 1);
  const bool rgb = shape.size() == 4 && shape[3] == 3;
  if ((!grey && !rgb) || images.dtype() != DType::uint8) {
    fail(where, ": expected pictures as uint8 [N, H, W] or [N, H, W, 3], found ",
         name_of(images.dtype()), " ", to_string(shape));
  }
  if (images.rows() != 0 && images.cols() == 0) {
    fail(where, ": expected sides of at least 1, found ", to_string(shape));
  }
  std::optional<Array> whole_labels;
  if (labels) {
    if (labels->shape() != Shape{images.rows()}) {
      fail(where, ": expected ", images.rows(), " labels, one per picture, found ",
           to_string(labels->shape()));
    }
    whole_labels = labels->to_int64();
  }
  return std::make_unique<ArrayImages>(images, std::move(whole_labels), std::move(hash));
}

std::string hash_of_files(const std::string& images, const std::string& labels) {
  return labels.empty() ? sha256_file(images)
                        : sha256(text(sha256_file(images), " labels ", sha256_file(labels)));
}

}  // namespace nescio
