#include "image/datasets/array_images.h"

#include <algorithm>

#include "base/error.h"
#include "io/array_file.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

/// The array as N pictures.
struct Sides {
  std::size_t count = 1, height = 1, width = 1, channels = 1;
  bool planes = false;  // channels first
};

class ArrayImages final : public Dataset {
 public:
  ArrayImages(Array images, const Sides& sides, std::optional<Array> labels, std::string hash,
              Notices notices)
      : images_(std::move(images)),
        sides_(sides),
        labels_(std::move(labels)),
        hash_(std::move(hash)),
        notices_(std::move(notices)) {}

  std::size_t size() const override { return sides_.count; }
  Sample load(std::size_t i) const override {
    const auto [count, height, width, channels, planes] = sides_;
    const std::size_t bytes = height * width * channels;
    const auto pixels = images_.as<std::uint8_t>().subspan(i * bytes, bytes);
    Sample sample;
    sample.image = planes ? from_planes(pixels.data(), channels, height, width)
                          : Image{height, width, channels, {pixels.begin(), pixels.end()}};
    sample.label = label(i);
    sample.index = static_cast<std::int64_t>(i);
    return sample;
  }
  std::int64_t label(std::size_t i) const override {
    return labels_ ? labels_->as<std::int64_t>()[i] : -1;
  }
  std::string hash() const override { return hash_; }
  Notices notices() const override { return notices_; }

 private:
  Array images_;
  Sides sides_;
  std::optional<Array> labels_;
  std::string hash_;
  Notices notices_;
};

bool is_colour(std::size_t side) { return side == 1 || side == 3; }

/// The layout that the sides tell; a notice where another reading is near. `expected` begins the
/// Error for sides that tell nothing.
Layout guessed(const Shape& shape, bool labelled, std::string_view where,
               const std::string& expected, Notices& notices) {
  if (shape.size() == 4) {
    return is_colour(shape[1]) && !is_colour(shape[3]) ? Layout::nchw : Layout::nhwc;
  }
  if (shape.size() == 2) fail(expected, "; layout=hw takes it as one grey picture");
  if (shape.size() != 3) fail(expected);
  if (labelled) return Layout::nhw;
  if (is_colour(shape[2])) {
    notices.push_back(text(where, " ", to_string(shape),
                           " is taken as one picture; layout=nhw takes ", "it as ", shape[0],
                           " grey pictures of ", shape[1], " x ", shape[2]));
    return Layout::hwc;
  }
  if (shape[2] == 4) {
    fail(expected, "; leave the channel of transparency out, or say layout=nhw for ", shape[0],
         " grey pictures of width 4");
  }
  if (shape[0] == 3) {
    notices.push_back(text(where, " ", to_string(shape),
                           " is taken as 3 grey pictures; layout=chw ",
                           "takes it as one colour picture"));
  }
  return Layout::nhw;
}

Sides sides_of(const Shape& shape, Layout layout, const std::string& found) {
  constexpr std::size_t ranks[] = {0, 3, 2, 3, 3, 4, 4};
  if (shape.size() != ranks[static_cast<std::size_t>(layout)]) {
    fail(found,
         ", which has not the sides of layout=", layout_names()[static_cast<std::size_t>(layout)]);
  }
  Sides s;
  switch (layout) {
    case Layout::unknown: break;
    case Layout::nhw: s = {shape[0], shape[1], shape[2], 1, false}; break;
    case Layout::hw: s = {1, shape[0], shape[1], 1, false}; break;
    case Layout::hwc: s = {1, shape[0], shape[1], shape[2], false}; break;
    case Layout::chw: s = {1, shape[1], shape[2], shape[0], true}; break;
    case Layout::nhwc: s = {shape[0], shape[1], shape[2], shape[3], false}; break;
    case Layout::nchw: s = {shape[0], shape[2], shape[3], shape[1], true}; break;
  }
  if (!is_colour(s.channels)) fail(found, ": ", s.channels, " channels instead of 1 or 3");
  if (s.count != 0 && s.height * s.width == 0) fail(found, ": no side may be 0");
  return s;
}

/// What makes bytes of these values; empty where they are no pixels.
std::string remedy_for(const Array& images) {
  const Array values = images.to_float32();
  if (values.size() == 0) return {};
  const auto [low, high] = std::ranges::minmax(values.as<float>());
  if (low < 0 || high > 255) return text("; its values lie in ", low, " .. ", high);
  return high <= 1 ? "; its values lie in 0 .. 1: save np.rint(255 * x).astype(np.uint8)"
                   : "; its values lie in 0 .. 255: save np.rint(x).astype(np.uint8)";
}

/// [N] or [N, 1] whole numbers from -1.
Array checked_labels(const Array& labels, std::size_t count, std::string_view where) {
  if (labels.rows() != count || labels.size() != count || labels.shape().size() > 2) {
    fail(where, ": expected ", count, " labels, one per picture, found ",
         to_string(labels.shape()));
  }
  const Array whole = labels.to_int64();
  const auto values = whole.as<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < -1) {
      fail(where, ": expected labels from 0, or -1 for none, found ", values[i], " at ", i);
    }
  }
  return {Shape{count}, std::vector<std::int64_t>(values.begin(), values.end())};
}

}  // namespace

const std::vector<std::string>& layout_names() {
  static const std::vector<std::string> names = {"auto", "nhw", "hw", "hwc", "chw", "nhwc", "nchw"};
  return names;
}

std::unique_ptr<Dataset> dataset_of_arrays(const Array& images, const std::optional<Array>& labels,
                                           std::string hash, std::string_view where,
                                           Layout layout) {
  const std::string found =
      text(where, ": expected pictures as uint8 [N, H, W] or [N, H, W, 3], found ",
           name_of(images.dtype()), " ", to_string(images.shape()));
  if (images.dtype() != DType::uint8) fail(found, remedy_for(images));
  Notices notices;
  if (layout == Layout::unknown) {
    layout = guessed(images.shape(), labels.has_value(), where, found, notices);
  }
  const Sides sides = sides_of(images.shape(), layout, found);
  if (layout != Layout::nhw && layout != Layout::nhwc) {
    hash = io::sha256(text(hash, " layout ", layout_names()[static_cast<std::size_t>(layout)]));
  }
  const auto pixels = images.as<std::uint8_t>();
  if (std::ranges::all_of(pixels, [](std::uint8_t v) { return v <= 1; }) && !pixels.empty()) {
    notices.push_back(text(where,
                           " holds the values 0 and 1 alone, which are nearly black: pictures "
                           "are expected to go from 0 to 255"));
  }
  std::optional<Array> whole_labels;
  if (labels) whole_labels = checked_labels(*labels, sides.count, where);
  return std::make_unique<ArrayImages>(images, sides, std::move(whole_labels), std::move(hash),
                                       std::move(notices));
}

std::string hash_of_files(const std::string& images, const std::string& labels) {
  const auto hash_of = [](const std::string& source) {
    const io::ArrayPlace place = io::array_place(source);
    const std::string hash = io::sha256_file(place.file);
    return place.member ? io::sha256(text(hash, " member ", *place.member)) : hash;
  };
  return labels.empty() ? hash_of(images)
                        : io::sha256(text(hash_of(images), " labels ", hash_of(labels)));
}

}  // namespace nescio::image
