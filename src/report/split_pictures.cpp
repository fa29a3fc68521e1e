#include "report/split_pictures.h"

#include <openssl/evp.h>
#include <png.h>

#include <algorithm>

#include "base/error.h"
#include "image/resize.h"

namespace nescio::report {
namespace {

std::unique_ptr<image::Dataset> open_source(const bank::BankViews& bank, const std::string& split) {
  if (!bank.has(split)) fail("The bank has no split ", split, ".");
  const bank::BankView& view = bank.at(split);
  const nlohmann::json inputs =
      view.origin.is_object() ? view.origin.value("inputs", nlohmann::json()) : nlohmann::json();
  if (!inputs.is_object() || !inputs.contains("data") || !inputs.at("data").is_string()) {
    fail(split, " was imported as arrays, without pictures.");
  }
  auto dataset = image::open_dataset(inputs.at("data").get<std::string>());
  if (dataset->size() != view.rows) {
    fail("The data set of ", split, " has changed: ", dataset->size(), " pictures now, ", view.rows,
         " when it was extracted.");
  }
  return dataset;
}

std::vector<std::uint8_t> to_png(const image::Image& image) {
  png_image header = {};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::vector<std::uint8_t> out(bytes);
  if (!png_image_write_to_memory(&header, out.data(), &bytes, 0, image.pixels.data(), 0, nullptr)) {
    fail("a thumbnail cannot be written as PNG: ", header.message);
  }
  out.resize(bytes);
  return out;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // and the zero that OpenSSL writes
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

}  // namespace

SplitPictures::SplitPictures(const bank::BankViews& bank, const std::string& split) {
  try {
    dataset_ = open_source(bank, split);
    if (bank.has(split, "index")) index_ = bank.at(split).array("index");
  } catch (const std::exception& e) {
    dataset_ = nullptr;
    problem_ = e.what();
  }
}

std::vector<std::string> SplitPictures::class_names() const {
  return dataset_ ? dataset_->class_names() : std::vector<std::string>();
}

image::Sample SplitPictures::load(std::size_t row) const {
  if (!dataset_) fail(problem_);
  if (row >= dataset_->size()) fail("There is no picture ", row, " of ", dataset_->size(), ".");
  image::Sample sample = dataset_->load(row);
  if (!index_.empty() && index_.as<std::int64_t>()[row] != sample.index) {
    fail("Picture ", row, " of the data set is another one than was extracted.");
  }
  return sample;
}

std::string SplitPictures::name(std::size_t row) const {
  return dataset_ ? dataset_->name(row) : std::string();
}

std::string thumbnail(const image::Image& image, std::size_t side) {
  const std::size_t longest = std::max(image.height, image.width);
  if (longest <= side) return "data:image/png;base64," + base64(to_png(image));
  const auto shrunk = [&](std::size_t length) {
    return std::max<std::size_t>(1, length * side / longest);
  };
  const image::Image small =
      image::resize(image, shrunk(image.height), shrunk(image.width), image::bilinear);
  return "data:image/png;base64," + base64(to_png(small));
}

}  // namespace nescio::report
