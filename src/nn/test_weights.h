// For tests: made-up weights of a small CIFAR ResNet.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/array.h"
#include "base/text.h"

namespace nescio::nn {

/// Numbers in [-1, 1) that depend on `seed` only.
inline std::vector<float> made_up_numbers(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

/// All tensors that resnet20 has, with this many classes, except the training step counters.
inline std::map<std::string, Array> made_up_resnet20(std::size_t classes, std::uint32_t seed) {
  std::map<std::string, Array> weights;
  const auto add = [&](const std::string& name, Shape shape, float offset, float scale) {
    std::vector<float> values = made_up_numbers(count_of(shape), ++seed);
    for (float& value : values) value = offset + scale * value;
    weights.emplace(name, Array(std::move(shape), std::move(values)));
  };
  const auto add_norm = [&](const std::string& name, std::size_t width) {
    add(name + ".weight", {width}, 1.0f, 0.3f);
    add(name + ".bias", {width}, 0.0f, 0.2f);
    add(name + ".running_mean", {width}, 0.0f, 0.2f);
    add(name + ".running_var", {width}, 1.0f, 0.5f);
  };
  const auto add_conv = [&](const std::string& name, std::size_t out, std::size_t in) {
    add(name + ".weight", {out, in, 3, 3}, 0.0f, 0.5f / static_cast<float>(in));
  };
  add_conv("conv1", 16, 3);
  add_norm("bn1", 16);
  std::size_t in = 16;
  for (std::size_t layer = 1; layer <= 3; ++layer) {
    const std::size_t out = std::size_t{8} << layer;
    for (std::size_t block = 0; block < 3; ++block) {
      const std::string name = text("layer", layer, ".", block, ".");
      add_conv(name + "conv1", out, in);
      add_norm(name + "bn1", out);
      add_conv(name + "conv2", out, out);
      add_norm(name + "bn2", out);
      in = out;
    }
  }
  add("linear.weight", {classes, 64}, 0.0f, 0.3f);
  add("linear.bias", {classes}, 0.0f, 0.3f);
  return weights;
}

}  // namespace nescio::nn
