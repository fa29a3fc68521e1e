// A network with its weights, as those see it who do not care what runs it: pictures in, logits and
// features out. nn/model.h is the one that libtorch runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/array.h"
#include "base/head.h"
#include "base/notice.h"
#include "image/preprocessing.h"

namespace nescio::runtime {

/// What a network says about a batch.
struct BackboneOutputs {
  Array logits;                  // [B, C] float32
  Array features;                // [B, D] float32: what the last layer reads
  std::vector<Array> taps = {};  // [B, ...] float32, in the order in which they were asked for
};

/// A pass from whose logits one can go back to the pictures. Of one thread.
class TracedPass {
 public:
  virtual ~TracedPass() = default;
  virtual const Array& logits() const = 0;  // [B, C] float32
  /// d f / d pictures for a function f of the logits with the slope d f / d logits [B, C], float32,
  /// of the shape of the pictures. May be called again and again; each time costs a pass back.
  virtual std::vector<float> gradient(const Array& slope) = 0;
};

/// Several threads may ask one at once.
class Backbone {
 public:
  virtual ~Backbone() = default;

  /// {"network", "weights_sha256", "preprocessing"}, as a bank records it.
  virtual nlohmann::json identity() const = 0;
  /// What forward() wants its pictures to go through.
  virtual const image::Preprocessing& preprocessing() const = 0;
  /// What a user should know about how the weights were read.
  virtual const Notices& notices() const = 0;
  /// "cpu", "cuda:0".
  virtual std::string device() const = 0;
  virtual std::size_t classes() const = 0;
  /// What they are called, by number; empty where the weights do not say.
  virtual const std::vector<std::string>& class_names() const = 0;
  virtual std::size_t feature_width() const = 0;
  /// None where the logits are another function of the features.
  virtual std::optional<Head> head() const = 0;
  /// The values between layers that can be asked for, from the pictures on.
  virtual std::vector<std::string> taps() const { return {}; }

  /// Those of them that can be had as one row of numbers a picture, pooled where the network runs:
  /// asked for as pooled("layer2"), which gives [B, width].
  virtual std::vector<std::string> pooled_taps() const { return {}; }
  static std::string pooled(const std::string& tap) { return "pooled(" + tap + ")"; }

  /// `images` is [B, planes, height, width] as a Preprocessor makes them, B > 0; `taps` are some of
  /// taps() and pooled ones. Runs on thread_count() threads, on the caller's alone within parallel_for. What a row
  /// gives depends on B by rounding, so whoever wants equal bits keeps B. Error for an unknown tap.
  BackboneOutputs forward(std::span<const float> images,
                          const std::vector<std::string>& taps = {}) const;
  /// The same, to go back from it. Error where whoever runs the network knows no way back.
  virtual std::unique_ptr<TracedPass> trace(std::span<const float> images) const;

 private:
  /// forward(), whose taps are there.
  virtual BackboneOutputs run(std::span<const float> images,
                              const std::vector<std::string>& taps) const = 0;
};

}  // namespace nescio::runtime
