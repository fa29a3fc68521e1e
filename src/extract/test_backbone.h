// For tests: a network of a few lines that needs no library. Pictures of 2 x 2 pixels, three colours.
#pragma once

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "extract/probe.h"
#include "runtime/backbone.h"

namespace nescio::extract {

/// z_c = sum_d W_cd f_d with f_d = x_d^2 + x_d / 2, [12]; taps: "pixels", the pictures themselves
/// [B, 3, 2, 2], and "tokens", f as [B, 4, 3]; pooled "tokens", their mean [B, 3]. Counts its passes.
class TestBackbone final : public runtime::Backbone {
 public:
  static constexpr std::size_t values = 12, number_of_classes = 3;

  explicit TestBackbone(std::string weights = "w") : weights_(std::move(weights)) {
    preprocessing_.height = preprocessing_.width = 2;
    preprocessing_.mean = {0, 0, 0};
    preprocessing_.std = {1, 0.5, 0.25};
  }

  mutable int forward_passes = 0, partial_passes = 0, traces = 0, passes_back = 0;

  mutable std::vector<std::uint64_t> dropping_keys;  // all that were given, one after the other

  static double weight(std::size_t c, std::size_t d) {
    return std::sin(static_cast<double>(1 + c * values + d));
  }
  nlohmann::json identity() const override {
    return {{"network", "test"}, {"weights_sha256", weights_}, {"preprocessing", {}}};
  }
  const image::Preprocessing& preprocessing() const override { return preprocessing_; }
  const Notices& notices() const override { return notices_; }
  std::string device() const override { return "cpu"; }
  std::size_t classes() const override { return number_of_classes; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::size_t feature_width() const override { return values; }
  std::optional<Head> head() const override { return std::nullopt; }
  std::vector<std::string> taps() const override { return {"pixels", "tokens"}; }
  std::vector<std::string> pooled_taps() const override { return {"tokens"}; }

  std::unique_ptr<runtime::TracedPass> trace(std::span<const float> images,
                                             const std::vector<std::string>&) const override {
    count(traces);
    return std::make_unique<Trace>(*this, "pixels", copy(images));
  }
  runtime::BackboneOutputs forward_from(const std::string& tap, const Array& value) const override {
    count(partial_passes);
    std::vector<float> f = copy(value.as<float>());
    if (tap == "pixels") f = features(f);
    Array said = head(f);
    return {std::move(said), Array({f.size() / values, values}, f), {}};
  }
  std::unique_ptr<runtime::TracedPass> trace_from(const std::string& tap,
                                                  const Array& value) const override {
    count(partial_passes);
    return std::make_unique<Trace>(*this, tap, copy(value.as<float>()));
  }
  /// Of each f_d one half is dropped where Rng(key).uniform(), asked for in order, is below 1/2.
  Array forward_dropping(std::span<const float> images,
                         std::span<const std::uint64_t> keys) const override {
    count(forward_passes);
    dropping_keys.insert(dropping_keys.end(), keys.begin(), keys.end());
    std::vector<float> f = features(images);
    for (std::size_t r = 0; r < keys.size(); ++r) {
      Rng rng(keys[r]);
      for (std::size_t d = 0; d < values; ++d)
        f[r * values + d] *= rng.uniform() < 0.5 ? 0.0f : 2.0f;
    }
    return head(f);
  }

 private:
  class Trace final : public runtime::TracedPass {
   public:
    /// From "pixels" or "tokens".
    Trace(const TestBackbone& network, std::string beginning, std::vector<float> begun)
        : network_(network),
          from_pixels_(beginning == "pixels"),
          begun_(std::move(begun)),
          logits_(network.head(from_pixels_ ? features(begun_) : begun_)) {}
    const Array& logits() const override { return logits_; }
    Array gradient(const Array& slope, const std::string& at) override {
      network_.count(network_.passes_back);
      const auto s = slope.as<float>();
      std::vector<float> out(begun_.size());
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t row = i / values, d = i % values;
        double sum = 0;  // by f
        if (at == "tokens") sum = s[i];
        if (at == pooled("tokens")) sum = s[row * 3 + d % 3] / 4;
        for (std::size_t c = 0; at == "logits" && c < number_of_classes; ++c) {
          sum += s[row * number_of_classes + c] * weight(c, d);
        }
        out[i] = static_cast<float>(from_pixels_ ? sum * (2 * begun_[i] + 0.5) : sum);
      }
      const std::size_t rows = out.size() / values;
      return Array(from_pixels_ ? Shape{rows, 3, 2, 2} : Shape{rows, 4, 3}, std::move(out));
    }

   private:
    const TestBackbone& network_;
    bool from_pixels_;
    std::vector<float> begun_;
    Array logits_;
  };

  void count(int& passes) const {
    const std::lock_guard lock(mutex_);
    ++passes;
  }
  static std::vector<float> copy(std::span<const float> from) { return {from.begin(), from.end()}; }
  static std::vector<float> features(std::span<const float> images) {
    std::vector<float> out;
    for (const float x : images) out.push_back(x * x + x / 2);
    return out;
  }
  Array head(std::span<const float> f) const {
    const std::size_t rows = f.size() / values;
    std::vector<float> out;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < number_of_classes; ++c) {
        double sum = 0;
        for (std::size_t d = 0; d < values; ++d) sum += weight(c, d) * f[r * values + d];
        out.push_back(static_cast<float>(sum));
      }
    }
    return Array({rows, number_of_classes}, std::move(out));
  }
  runtime::BackboneOutputs run(std::span<const float> images,
                               const std::vector<std::string>& taps) const override {
    count(forward_passes);
    const std::size_t rows = images.size() / values;
    const std::vector<float> f = features(images);
    runtime::BackboneOutputs out{head(f), Array({rows, values}, f), {}};
    for (const std::string& tap : taps) {
      if (tap == pooled("tokens")) {
        out.taps.emplace_back(Shape{rows, 3}, mean_of_tokens(f));
        continue;
      }
      const bool pixels = tap == "pixels";
      out.taps.emplace_back(pixels ? Shape{rows, 3, 2, 2} : Shape{rows, 4, 3},
                            pixels ? copy(images) : f);
    }
    return out;
  }

  static std::vector<float> mean_of_tokens(const std::vector<float>& f) {
    std::vector<float> out(f.size() / 4);
    for (std::size_t i = 0; i < f.size(); ++i) out[i / values * 3 + i % 3] += f[i] / 4;
    return out;
  }

  std::string weights_;
  mutable std::mutex mutex_;
  image::Preprocessing preprocessing_;
  Notices notices_;
  std::vector<std::string> names_;
};

/// Values in [-1, 1) for so many pictures; other seeds, other ones.
inline std::vector<float> test_pictures(std::size_t count, std::uint32_t seed) {
  std::vector<float> out(count * TestBackbone::values);
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (float& v : out) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return out;
}

/// One of them in double.
inline std::vector<double> test_picture(const std::vector<float>& pictures, std::size_t r) {
  const auto first = pictures.begin() + static_cast<std::ptrdiff_t>(r * TestBackbone::values);
  return {first, first + TestBackbone::values};
}

/// What the network makes of it.
inline std::vector<double> test_features(std::vector<double> x) {
  for (double& v : x) v = v * v + v / 2;
  return x;
}
inline std::vector<double> test_logits(const std::vector<double>& features) {
  std::vector<double> z(TestBackbone::number_of_classes);
  for (std::size_t c = 0; c < z.size(); ++c) {
    for (std::size_t d = 0; d < features.size(); ++d) {
      z[c] += TestBackbone::weight(c, d) * features[d];
    }
  }
  return z;
}

inline std::vector<double> log_softmax(std::vector<double> z) {
  double largest = z[0], sum = 0;
  for (const double v : z) largest = std::max(largest, v);
  for (const double v : z) sum += std::exp(v - largest);
  for (double& v : z) v -= largest + std::log(sum);
  return z;
}

/// df / dx by differences.
template <class F>
std::vector<double> test_slopes(const F& f, const std::vector<double>& x) {
  std::vector<double> out;
  for (std::size_t d = 0; d < x.size(); ++d) {
    std::vector<double> up = x, down = x;
    up[d] += 1e-5;
    down[d] -= 1e-5;
    out.push_back((f(up) - f(down)) / 2e-5);
  }
  return out;
}

/// What a step of `epsilon` in [0, 1] pixels is for value d: 2 x 2 pixels of each colour, whose std are 1, 1/2 and 1/4.
inline double test_step(std::size_t d, double epsilon) {
  return epsilon * std::pow(2, static_cast<double>(d / 4));
}

/// Learns from pictures in batches of 7, the last one filled up.
inline void fit_on(LearningProbe& probe, const TestBackbone& network,
                   const std::vector<float>& pictures, const std::vector<std::int64_t>& labels) {
  probe.begin_fit(network);
  for (std::size_t first = 0; first < labels.size(); first += 7) {
    const std::size_t count = std::min<std::size_t>(7, labels.size() - first);
    std::vector<float> batch(7 * TestBackbone::values, 100.0f);
    std::copy_n(pictures.begin() + static_cast<std::ptrdiff_t>(first * TestBackbone::values),
                count * TestBackbone::values, batch.begin());
    Pass pass(network, batch, probe.taps(network));
    probe.add(probe.observe(pass), std::span(labels).subspan(first, count));
  }
  probe.finish_fit();
}

}  // namespace nescio::extract
