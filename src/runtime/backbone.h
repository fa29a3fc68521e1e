// A network with its weights, as those see it who do not care what runs it: pictures in, logits and
// features out. nn/model.h is the one that libtorch runs.
#pragma once

#include <cstdint>
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

/// A pass from which one can go back to where it began. Of one thread.
class TracedPass {
 public:
  virtual ~TracedPass() = default;
  virtual const Array& logits() const = 0;  // [B, C] float32
  /// d f / d beginning, of its shape, for a function f of the logits with the slope d f / d logits [B, C],
  /// float32; or of the value at a tap that trace() was told of, with the slope by that. May be called
  /// again and again; each time costs a pass back.
  virtual Array gradient(const Array& slope, const std::string& at = "logits") = 0;
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
  /// The same, to go back from it to the pictures. Error where whoever runs the network knows no way back.
  virtual std::unique_ptr<TracedPass> trace(std::span<const float> images,
                                            const std::vector<std::string>& taps = {}) const;

  /// What the network makes of `value` [B, ...] in the place of what it gives at one of taps(). Costs what
  /// lies behind the tap. Error where whoever runs the network cannot begin there.
  virtual BackboneOutputs forward_from(const std::string& tap, const Array& value) const;
  /// The same, to go back from it to the tap.
  virtual std::unique_ptr<TracedPass> trace_from(const std::string& tap, const Array& value) const;

  /// The logits of a pass whose dropout drops, as in training, while all else stays as in evaluation. What is
  /// dropped of picture r follows from keys[r] alone, one for each of the B pictures. Error where the
  /// network drops nothing.
  virtual Array forward_dropping(std::span<const float> images,
                                 std::span<const std::uint64_t> keys) const;

 private:
  /// forward(), whose taps are there.
  virtual BackboneOutputs run(std::span<const float> images,
                              const std::vector<std::string>& taps) const = 0;
};

}  // namespace nescio::runtime
