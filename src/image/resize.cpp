#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace nescio {

const Filter bilinear{"bilinear", 1.0, [](double x) { return std::max(0.0, 1.0 - std::abs(x)); }};
const Filter bicubic{"bicubic", 2.0, [](double x) {
                       constexpr double a = -0.5;
                       x = std::abs(x);
                       if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
                       if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
                       return 0.0;
                     }};

namespace {

// Weights are whole multiples of 2^-22: 32 bits less 8 for the pixel and 2 for sums above 1.
constexpr int precision_bits = 32 - 8 - 2;

/// Which source pixels make output pixel i: first[i] .. first[i] + count[i] - 1.
struct Taps {
  std::size_t most = 0;
  std::vector<std::size_t> first, count;
  std::vector<int> weights;  // [outputs, most]
};

Taps make_taps(std::size_t in, std::size_t out, const Filter& filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double shrink = 1.0 / stretch;
  const double support = filter.support * stretch;
  Taps taps;
  taps.most = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  taps.first.resize(out);
  taps.count.resize(out);
  taps.weights.resize(out * taps.most);
  std::vector<double> weights(taps.most);
  for (std::size_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const double begin = std::max(0.0, std::trunc(centre - support + 0.5));
    const double end = std::min(static_cast<double>(in), std::trunc(centre + support + 0.5));
    const auto first = static_cast<std::size_t>(begin);
    const auto count = static_cast<std::size_t>(end) - first;
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
      weights[k] = filter.weight((static_cast<double>(first + k) - centre + 0.5) * shrink);
      sum += weights[k];
    }
    for (std::size_t k = 0; k < count; ++k) {
      const double w = (sum != 0 ? weights[k] / sum : weights[k]) * (1 << precision_bits);
      taps.weights[i * taps.most + k] = static_cast<int>(w < 0 ? w - 0.5 : w + 0.5);
    }
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

std::uint8_t to_pixel(int sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> precision_bits, 0, 255));
}

constexpr int half = 1 << (precision_bits - 1);

/// Channels is known at compile time so that the loops over it unroll.
template <std::size_t Channels>
void resize_rows(const Image& in, const Taps& taps, Image& out) {
  for (std::size_t y = 0; y < out.height; ++y) {
    const std::uint8_t* row = in.pixels.data() + y * in.width * Channels;
    std::uint8_t* to = out.pixels.data() + y * out.width * Channels;
    for (std::size_t x = 0; x < out.width; ++x, to += Channels) {
      int sums[Channels];
      std::fill(sums, sums + Channels, half);
      const int* weights = taps.weights.data() + x * taps.most;
      const std::uint8_t* from = row + taps.first[x] * Channels;
      for (std::size_t k = 0; k < taps.count[x]; ++k) {
        for (std::size_t c = 0; c < Channels; ++c) sums[c] += weights[k] * from[k * Channels + c];
      }
      for (std::size_t c = 0; c < Channels; ++c) to[c] = to_pixel(sums[c]);
    }
  }
}

void resize_columns(const Image& in, const Taps& taps, Image& out) {
  const std::size_t row = in.width * in.channels;
  std::vector<int> sums(row);
  for (std::size_t y = 0; y < out.height; ++y) {
    std::ranges::fill(sums, half);
    for (std::size_t k = 0; k < taps.count[y]; ++k) {
      const int weight = taps.weights[y * taps.most + k];
      const std::uint8_t* from = in.pixels.data() + (taps.first[y] + k) * row;
      for (std::size_t i = 0; i < row; ++i) sums[i] += weight * from[i];
    }
    std::ranges::transform(sums, out.pixels.begin() + static_cast<std::ptrdiff_t>(y * row),
                           to_pixel);
  }
}

Image blank(std::size_t height, std::size_t width, std::size_t channels) {
  return {height, width, channels, std::vector<std::uint8_t>(height * width * channels)};
}

}  // namespace

const Filter& find_filter(std::string_view name) {
  for (const Filter* filter : {&bilinear, &bicubic}) {
    if (filter->name == name) return *filter;
  }
  fail("unknown resize filter '", name, "'.",
       suggest(name, {std::string(bilinear.name), std::string(bicubic.name)}));
}

Image resize(const Image& image, std::size_t height, std::size_t width, const Filter& filter) {
  if (image.pixels.empty() || height == 0 || width == 0) {
    fail("resize: expected sides of at least 1, found ", image.height, " x ", image.width, " to ",
         height, " x ", width);
  }
  Image result = image;
  if (width != result.width) {
    const Taps taps = make_taps(result.width, width, filter);
    Image out = blank(result.height, width, result.channels);
    if (result.channels == 1) {
      resize_rows<1>(result, taps, out);
    } else if (result.channels == 3) {
      resize_rows<3>(result, taps, out);
    } else {
      fail("resize: expected 1 or 3 channels, found ", result.channels);
    }
    result = std::move(out);
  }
  if (height != result.height) {
    const Taps taps = make_taps(result.height, height, filter);
    Image out = blank(height, result.width, result.channels);
    resize_columns(result, taps, out);
    result = std::move(out);
  }
  return result;
}

}  // namespace nescio
