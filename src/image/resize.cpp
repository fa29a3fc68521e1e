#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/resize_passes.h"

namespace nescio::image {

const Filter bilinear{"bilinear", 1.0, [](double x) { return std::max(0.0, 1.0 - std::abs(x)); }};
const Filter bicubic{"bicubic", 2.0, [](double x) {
                       constexpr double a = -0.5;
                       x = std::abs(x);
                       if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
                       if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
                       return 0.0;
                     }};

namespace {

/// Those of the outputs begin .. begin + size - 1 when a side of `in` pixels becomes one of `out`.
Taps make_taps(std::size_t in, std::size_t out, std::size_t begin, std::size_t size,
               const Filter& filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double shrink = 1.0 / stretch;
  const double support = filter.support * stretch;
  Taps taps;
  taps.most = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  taps.first.resize(size);
  taps.count.resize(size);
  taps.weights.resize(size * taps.most);
  std::vector<double> weights(taps.most);
  for (std::size_t i = 0; i < size; ++i) {
    const double centre = (static_cast<double>(begin + i) + 0.5) * scale;
    const double low = std::max(0.0, std::trunc(centre - support + 0.5));
    const double high = std::min(static_cast<double>(in), std::trunc(centre + support + 0.5));
    const auto first = static_cast<std::size_t>(low);
    const auto count = static_cast<std::size_t>(high) - first;
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
      weights[k] = filter.weight((static_cast<double>(first + k) - centre + 0.5) * shrink);
      sum += weights[k];
    }
    for (std::size_t k = 0; k < count; ++k) {
      const double w = (sum != 0 ? weights[k] / sum : weights[k]) * (1 << weight_bits);
      taps.weights[i * taps.most + k] = static_cast<int>(w < 0 ? w - 0.5 : w + 0.5);
    }
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

/// Where Pillow takes the columns first: the height loses more than twice as many pixels as the width.
bool columns_come_first(const Image& image, std::size_t height, std::size_t width) {
  const auto lost = [](std::size_t in, std::size_t out) {
    return static_cast<std::ptrdiff_t>(in) - static_cast<std::ptrdiff_t>(out);
  };
  const std::ptrdiff_t rows = lost(image.height, height);
  return rows > 0 && rows > 2 * lost(image.width, width);
}

bool lies_within(std::size_t first, std::size_t count, std::size_t size) {
  return count > 0 && count <= size && first <= size - count;
}

}  // namespace

namespace {
constexpr const Filter* filters[] = {&bilinear, &bicubic};
}  // namespace

std::vector<std::string> filter_names() {
  std::vector<std::string> names;
  for (const Filter* filter : filters) names.emplace_back(filter->name);
  return names;
}

const Filter& find_filter(std::string_view name) {
  for (const Filter* filter : filters) {
    if (filter->name == name) return *filter;
  }
  fail("unknown resize filter '", name, "'.", suggest(name, filter_names()));
}

Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter) {
  return resize(image, height, width, filter, {0, 0, height, width});
}

Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter,
             const Cut& cut) {
  if (image.pixels.empty() || height == 0 || width == 0) {
    fail("resize: expected sides of at least 1, found ", image.height, " x ", image.width, " to ",
         height, " x ", width);
  }
  if (!lies_within(cut.top, cut.height, height) || !lies_within(cut.left, cut.width, width)) {
    fail("resize: expected a part of ", height, " x ", width, ", found ", cut.height, " x ",
         cut.width, " from row ", cut.top, " and column ", cut.left);
  }
  const Taps rows = make_taps(image.width, width, cut.left, cut.width, filter);
  Taps columns = make_taps(image.height, height, cut.top, cut.height, filter);
  const std::size_t channels = image.channels;
  Image result{cut.height, cut.width, channels,
               std::vector<std::uint8_t>(cut.height * cut.width * channels)};
  if (columns_come_first(image, height, width)) {
    std::vector<std::uint8_t> low(cut.height * image.width * channels);
    resize_along_columns(image.pixels.data(), image.width * channels, columns, low.data());
    resize_along_rows(low.data(), cut.height, image.width, channels, rows, result.pixels.data());
    return result;
  }
  // The columns need only these rows of the source.
  const std::size_t first = columns.first.front();
  const std::size_t needed = columns.first.back() + columns.count.back() - first;
  for (std::size_t& row : columns.first) row -= first;

  const std::size_t row = cut.width * channels;
  std::vector<std::uint8_t> narrow(needed * row);
  resize_along_rows(image.pixels.data() + first * image.width * channels, needed, image.width,
                    channels, rows, narrow.data());
  resize_along_columns(narrow.data(), row, columns, result.pixels.data());
  return result;
}

}  // namespace nescio::image
