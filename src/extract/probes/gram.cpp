// Gram matrices: how far correlations between channels leave the range that they have on training
// pictures of the class that the network sees.
//   G_p = sgn(r) |r|^(1/p),  r_c = sum_d sum_x F_cx^p F_dx^p,  F [channels, pixels] between two layers
//   kept, for each layer: sum over c and p = 1 .. powers of how far G_p[c] lies outside of [min, max],
//   in shares of the bound that it passes, |min + 1e-6| and |max + 1e-6| as in the authors' code  [N, layers]
// min and max are those of the training pictures that the network sees as the same class; a class that it
// never sees takes those of all. The layers are the network's taps: what stands between its stages, where
// the authors take every convolution and ReLU. The row sum of a Gram matrix is a product with a vector,
// F^p (1^T F^p)^T, so a picture costs O(powers * channels * pixels), without the matrix; maps are scaled by
// their largest value before the power and back after the root, so no power leaves the range of numbers.
// The pictures are learned from one after the other: O(classes * channels * powers) memory, whatever N.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/row_argmax.h"
#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

/// A value between two layers of one picture: `channels` rows of `pixels` values.
struct Map {
  const float* values;
  std::size_t channels, pixels;
  bool channels_last;

  double at(std::size_t c, std::size_t x) const {
    return values[channels_last ? x * channels + c : c * pixels + x];
  }
};

/// Of [B, C, H, W], [B, tokens, C] or [B, C].
Map map_of(const Array& tap, std::size_t row) {
  const Shape& s = tap.shape();
  const std::size_t each = tap.size() / s[0];
  const bool tokens = s.size() == 3;
  const std::size_t channels = tokens ? s[2] : s[1];
  return {tap.as<float>().data() + row * each, channels, each / channels, tokens};
}

/// G_p[c] for p = 1 .. powers, [powers, channels].
void row_sums(const Map& map, std::size_t powers, float* out) {
  double largest = 0;
  for (std::size_t i = 0; i < map.channels * map.pixels; ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(map.values[i])));
  }
  std::fill(out, out + powers * map.channels, 0.0f);
  if (largest == 0) return;
  std::vector<double> scaled(map.channels * map.pixels), power(scaled.size(), 1), sum(map.pixels);
  for (std::size_t c = 0; c < map.channels; ++c) {
    for (std::size_t x = 0; x < map.pixels; ++x) {
      scaled[c * map.pixels + x] = map.at(c, x) / largest;
    }
  }
  for (std::size_t p = 1; p <= powers; ++p) {
    std::ranges::fill(sum, 0);
    for (std::size_t c = 0; c < map.channels; ++c) {
      double* row = &power[c * map.pixels];
      const double* factor = &scaled[c * map.pixels];
      for (std::size_t x = 0; x < map.pixels; ++x) sum[x] += row[x] *= factor[x];
    }
    for (std::size_t c = 0; c < map.channels; ++c) {
      const double* row = &power[c * map.pixels];
      double r = 0;
      for (std::size_t x = 0; x < map.pixels; ++x) r += row[x] * sum[x];
      const double root = std::pow(std::abs(r), 1.0 / static_cast<double>(p));
      *out++ = static_cast<float>(std::copysign(root, r) * largest * largest);
    }
  }
}

class Gram final : public LearningProbe {
 public:
  std::int64_t powers = 10;

  std::vector<std::string> taps(const runtime::Backbone& network) const override {
    return network.taps();
  }
  std::size_t width(const runtime::Backbone& network) const override {
    return network.taps().size();
  }

  Array run(Pass& pass) const override {
    const std::vector<Array> seen = observe(pass);
    const auto classes = seen.back().as<std::int64_t>();
    const std::size_t layers = layers_.size();
    std::vector<float> out(classes.size() * layers);
    for (std::size_t l = 0; l < layers; ++l) {
      const Bounds& bounds = layers_[l];
      for (std::size_t r = 0; r < classes.size(); ++r) {
        const auto c = static_cast<std::size_t>(classes[r]);
        out[r * layers + l] = bounds.deviation(c, seen[l].as<float>().data() + r * bounds.width);
      }
    }
    return Array({classes.size(), layers}, std::move(out));
  }

  void begin_fit(const runtime::Backbone& network) override { start(network); }

  std::vector<Array> observe(Pass& pass) const override {
    std::vector<Array> out;
    for (const std::string& name : pass.network().taps()) {
      const Array& tap = pass.tap(name);
      const std::size_t rows = tap.shape()[0];
      const std::size_t width = static_cast<std::size_t>(powers) * map_of(tap, 0).channels;
      std::vector<float> sums(rows * width);
      for (std::size_t r = 0; r < rows; ++r) {
        row_sums(map_of(tap, r), static_cast<std::size_t>(powers), &sums[r * width]);
      }
      out.emplace_back(Shape{rows, width}, std::move(sums));
    }
    out.push_back(row_argmax(pass.outputs().logits));
    return out;
  }

  void add(const std::vector<Array>& observed, std::span<const std::int64_t> labels) override {
    const auto classes = observed.back().as<std::int64_t>();
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l].set_width(observed[l].cols(), classes_);
      for (std::size_t r = 0; r < labels.size(); ++r) {
        const float* row = observed[l].as<float>().data() + r * layers_[l].width;
        layers_[l].widen(static_cast<std::size_t>(classes[r]), row);
      }
    }
  }

  void finish_fit() override {
    for (Bounds& layer : layers_) layer.fill_empty_classes(classes_);
  }

  std::map<std::string, Array> learned() const override {
    std::map<std::string, Array> out;
    for (const Bounds& layer : layers_) {
      out.emplace("min." + layer.tap, Array({classes_, layer.width}, layer.low));
      out.emplace("max." + layer.tap, Array({classes_, layer.width}, layer.high));
    }
    return out;
  }

  void restore(const std::map<std::string, Array>& learned,
               const runtime::Backbone& network) override {
    start(network);
    for (Bounds& layer : layers_) {
      const auto low = learned.find("min." + layer.tap), high = learned.find("max." + layer.tap);
      if (low == learned.end() || high == learned.end()) {
        fail("[gram] expected the bounds of ", layer.tap, ", which are not there");
      }
      const Shape& shape = low->second.shape();
      const bool fits = shape.size() == 2 && shape[0] == classes_ &&
                        shape == high->second.shape() &&
                        shape[1] % static_cast<std::size_t>(powers) == 0;
      if (!fits) {
        fail("[gram] expected bounds of ", layer.tap, " for ", classes_, " classes, found ",
             to_string(shape), " and ", to_string(high->second.shape()));
      }
      layer.width = shape[1];
      layer.low.assign(low->second.as<float>().begin(), low->second.as<float>().end());
      layer.high.assign(high->second.as<float>().begin(), high->second.as<float>().end());
    }
  }

 private:
  /// The range of one layer's values, [classes, width].
  struct Bounds {
    std::string tap;
    std::size_t width = 0;
    std::vector<float> low = {}, high = {};

    void set_width(std::size_t found, std::size_t classes) {
      if (width == found) return;
      width = found;
      low.assign(classes * width, std::numeric_limits<float>::infinity());
      high.assign(classes * width, -std::numeric_limits<float>::infinity());
    }
    void widen(std::size_t c, const float* row) {
      for (std::size_t i = 0; i < width; ++i) {
        low[c * width + i] = std::min(low[c * width + i], row[i]);
        high[c * width + i] = std::max(high[c * width + i], row[i]);
      }
    }
    void fill_empty_classes(std::size_t classes) {
      for (std::size_t i = 0; i < width; ++i) {
        float smallest = std::numeric_limits<float>::infinity(), largest = -smallest;
        for (std::size_t c = 0; c < classes; ++c) {
          smallest = std::min(smallest, low[c * width + i]);
          largest = std::max(largest, high[c * width + i]);
        }
        for (std::size_t c = 0; c < classes; ++c) {
          if (low[c * width + i] <= high[c * width + i]) continue;
          low[c * width + i] = smallest;
          high[c * width + i] = largest;
        }
      }
    }
    float deviation(std::size_t c, const float* row) const {
      double sum = 0;
      for (std::size_t i = 0; i < width; ++i) {
        const double v = row[i], min = low[c * width + i], max = high[c * width + i];
        if (v < min) sum += (min - v) / std::abs(min + 1e-6);
        if (v > max) sum += (v - max) / std::abs(max + 1e-6);
      }
      return static_cast<float>(sum);
    }
  };

  void start(const runtime::Backbone& network) {
    classes_ = network.classes();
    layers_.clear();
    for (const std::string& tap : network.taps()) layers_.push_back({.tap = tap});
    if (layers_.empty()) fail("[gram] the network shows nothing between its layers");
  }

  std::size_t classes_ = 0;
  std::vector<Bounds> layers_;
};

}  // namespace

ProbeInfo gram() {
  return describe_probe<Gram>(
      {.name = "gram",
       .summary = "How far correlations between channels leave the range of training pictures of "
                  "the same class.",
       .formula = "kept: sum_c,p max(0, min - G_p[c]) / |min| + max(0, G_p[c] - max) / |max|,  "
                  "G_p[c] = (sum_d,x F_cx^p F_dx^p)^(1/p)",
       .paper = "Sastry, Oore, Detecting Out-of-Distribution Examples with Gram Matrices, ICML "
                "2020, arXiv:1912.12510",
       .array = "one deviation for each place between two stages of the network, [N, layers], for "
                "the detector gram",
       .cost = "no pass; O(powers * channels * pixels) for each place",
       .parameters = {probe_parameter(
           &Gram::powers, {.name = "powers",
                           .doc = "p goes from 1 to this; the paper takes 10, OpenOOD 5",
                           .min = 1,
                           .max = 20})}});
}

}  // namespace nescio::extract::probes
