// For tests: a network of a few lines that needs no library. Pictures of 2 x 2 pixels, three colours.
#pragma once

#include <cmath>
#include <mutex>
#include <string>
#include <vector>

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

  mutable int forward_passes = 0, traces = 0, passes_back = 0;

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

  std::unique_ptr<runtime::TracedPass> trace(std::span<const float> images) const override {
    const std::lock_guard lock(mutex_);
    ++traces;
    return std::make_unique<Trace>(*this, std::vector<float>(images.begin(), images.end()));
  }

 private:
  class Trace final : public runtime::TracedPass {
   public:
    Trace(const TestBackbone& network, std::vector<float> images)
        : network_(network), images_(std::move(images)), logits_(network.logits(images_)) {}
    const Array& logits() const override { return logits_; }
    std::vector<float> gradient(const Array& slope) override {
      ++network_.passes_back;
      std::vector<float> out(images_.size());
      for (std::size_t i = 0; i < out.size(); ++i) {
        double sum = 0;
        for (std::size_t c = 0; c < number_of_classes; ++c) {
          sum += slope.as<float>()[i / values * number_of_classes + c] * weight(c, i % values);
        }
        out[i] = static_cast<float>(sum * (2 * images_[i] + 0.5));
      }
      return out;
    }

   private:
    const TestBackbone& network_;
    std::vector<float> images_;
    Array logits_;
  };

  static std::vector<float> features(std::span<const float> images) {
    std::vector<float> out;
    for (const float x : images) out.push_back(x * x + x / 2);
    return out;
  }
  Array logits(std::span<const float> images) const {
    const std::vector<float> f = features(images);
    const std::size_t rows = images.size() / values;
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
    {
      const std::lock_guard lock(mutex_);
      ++forward_passes;
    }
    const std::size_t rows = images.size() / values;
    const std::vector<float> f = features(images);
    runtime::BackboneOutputs out{logits(images), Array({rows, values}, f), {}};
    for (const std::string& tap : taps) {
      if (tap == pooled("tokens")) {
        out.taps.emplace_back(Shape{rows, 3}, mean_of_tokens(f));
        continue;
      }
      const bool pixels = tap == "pixels";
      std::vector<float> copy = pixels ? std::vector<float>(images.begin(), images.end()) : f;
      out.taps.emplace_back(pixels ? Shape{rows, 3, 2, 2} : Shape{rows, 4, 3}, std::move(copy));
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

}  // namespace nescio::extract
