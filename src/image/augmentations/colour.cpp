#include "image/augmentations/colour.h"

#include <algorithm>
#include <array>

namespace nescio::image {
namespace {

using Byte = std::uint8_t;
using Table = std::array<Byte, 256>;
using Histogram = std::array<std::size_t, 256>;

Byte clip(double value) { return static_cast<Byte>(std::clamp(value, 0.0, 255.0)); }

/// From `from` through `to` and beyond: to a factor of 1 it is `to`.
Byte blend(Byte from, Byte to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<Byte>(std::clamp(value, 0.0f, 255.0f));
}

/// The luma of ITU-R 601 with 16 bits behind the point.
Byte luma(const Byte* rgb) {
  return static_cast<Byte>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16);
}

template <class F>
Table make_table(F value) {
  Table table;
  for (int v = 0; v < 256; ++v) table[static_cast<std::size_t>(v)] = value(v);
  return table;
}

void look_up(Image& image, const Table& table) {
  for (Byte& v : image.pixels) v = table[v];
}

/// Maps each channel by what `make` says of its histogram.
template <class F>
void look_up_by_histogram(Image& image, F make) {
  for (std::size_t c = 0; c < image.channels; ++c) {
    Histogram histogram{};
    for (std::size_t i = c; i < image.pixels.size(); i += image.channels) {
      ++histogram[image.pixels[i]];
    }
    const Table table = make(histogram);
    for (std::size_t i = c; i < image.pixels.size(); i += image.channels) {
      image.pixels[i] = table[image.pixels[i]];
    }
  }
}

void blend_with_grey(Image& image, Byte grey, double factor) {
  const auto f = static_cast<float>(factor);
  look_up(image, make_table([&](int v) { return blend(grey, static_cast<Byte>(v), f); }));
}

/// The mean over 3 x 3 pixels, the one in the middle counted five times; the border as it is.
std::vector<Byte> smoothed(const Image& image) {
  std::vector<Byte> out = image.pixels;
  const std::size_t row = image.width * image.channels;
  for (std::size_t y = 1; y + 1 < image.height; ++y) {
    for (std::size_t x = image.channels; x + image.channels < row; ++x) {
      const Byte* p = image.pixels.data() + y * row + x;
      const auto three = [&](const Byte* q) {
        return q[0] + *(q - image.channels) + q[image.channels];
      };
      const int sum = three(p - row) + three(p) + three(p + row) + 4 * p[0];
      out[y * row + x] = static_cast<Byte>((2 * sum + 13) / 26);
    }
  }
  return out;
}

/// Turns one pixel's hue by `turn` / 255 of a circle.
void turn_pixel(Byte* rgb, Byte turn) {
  const Byte high = std::max({rgb[0], rgb[1], rgb[2]});
  const Byte low = std::min({rgb[0], rgb[1], rgb[2]});
  if (high == low) return;
  const auto range = static_cast<float>(high - low);
  const float r = static_cast<float>(high - rgb[0]) / range;
  const float g = static_cast<float>(high - rgb[1]) / range;
  const float b = static_cast<float>(high - rgb[2]) / range;
  const auto sextant = rgb[0] == high   ? static_cast<double>(b - g)
                       : rgb[1] == high ? 2.0 + static_cast<double>(r) - static_cast<double>(b)
                                        : 4.0 + static_cast<double>(g) - static_cast<double>(r);
  const double circle = static_cast<double>(static_cast<float>(sextant)) / 6 + 1;
  const auto turned = static_cast<float>(circle < 1 ? circle : circle - 1);
  const auto hue = static_cast<Byte>(clip(static_cast<double>(turned) * 255) + turn);
  const Byte saturation = clip(static_cast<double>(range / static_cast<float>(high)) * 255);
  if (saturation == 0) {
    rgb[0] = rgb[1] = rgb[2] = high;
    return;
  }
  const double place = hue * 6.0 / 255;
  const int side = static_cast<int>(place);
  const double f = static_cast<double>(static_cast<float>(place - side));
  const double s = static_cast<double>(static_cast<float>(saturation / 255.0));
  const Byte p = clip(high * (1 - s) + 0.5);
  const Byte q = clip(high * (1 - s * f) + 0.5);
  const Byte t = clip(high * (1 - s * (1 - f)) + 0.5);
  const Byte sides[6][3] = {{high, t, p}, {q, high, p}, {p, high, t},
                            {p, q, high}, {t, p, high}, {high, p, q}};
  std::copy_n(sides[side % 6], 3, rgb);
}

}  // namespace

void change_brightness(Image& image, double factor) { blend_with_grey(image, 0, factor); }

void change_contrast(Image& image, double factor) {
  const std::size_t pixels = image.height * image.width;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < pixels; ++i) {
    const Byte* pixel = image.pixels.data() + i * image.channels;
    sum += image.channels == 3 ? luma(pixel) : *pixel;
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(pixels);
  blend_with_grey(image, static_cast<Byte>(mean + 0.5), factor);
}

void change_saturation(Image& image, double factor) {
  if (image.channels != 3) return;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    Byte* rgb = image.pixels.data() + i;
    const Byte grey = luma(rgb);
    for (std::size_t c = 0; c < 3; ++c) rgb[c] = blend(grey, rgb[c], static_cast<float>(factor));
  }
}

void change_sharpness(Image& image, double factor) {
  const std::vector<Byte> smooth = smoothed(image);
  for (std::size_t i = 0; i < smooth.size(); ++i) {
    image.pixels[i] = blend(smooth[i], image.pixels[i], static_cast<float>(factor));
  }
}

void turn_hue(Image& image, double turn) {
  if (image.channels != 3) return;
  // A turn to the left wraps around as bytes do.
  const auto bytes = static_cast<Byte>(static_cast<int>(turn * 255));
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) turn_pixel(&image.pixels[i], bytes);
}

void posterize(Image& image, int bits) {
  look_up(image, make_table([&](int v) { return static_cast<Byte>(v & (0xff00 >> bits)); }));
}

void solarize(Image& image, double threshold) {
  look_up(image, make_table([&](int v) { return static_cast<Byte>(v < threshold ? v : 255 - v); }));
}

void autocontrast(Image& image) {
  look_up_by_histogram(image, [](const Histogram& histogram) {
    const auto used = [](std::size_t count) { return count > 0; };
    const auto low = std::ranges::find_if(histogram, used) - histogram.begin();
    const auto high =
        255 - (std::find_if(histogram.rbegin(), histogram.rend(), used) - histogram.rbegin());
    const double scale = high > low ? 255.0 / static_cast<double>(high - low) : 1;
    const double offset = high > low ? -static_cast<double>(low) * scale : 0;
    return make_table([&](int v) { return clip(v * scale + offset); });
  });
}

void equalize(Image& image) {
  look_up_by_histogram(image, [](const Histogram& histogram) {
    std::size_t sum = 0, last = 0;
    for (const std::size_t count : histogram) {
      sum += count;
      if (count > 0) last = count;
    }
    const std::size_t step = (sum - last) / 255;
    if (step == 0) return make_table([](int v) { return static_cast<Byte>(v); });
    std::size_t below = step / 2;
    return make_table([&](int v) {
      const std::size_t level = below / step;
      below += histogram[static_cast<std::size_t>(v)];
      return static_cast<Byte>(std::min<std::size_t>(level, 255));
    });
  });
}

}  // namespace nescio::image
