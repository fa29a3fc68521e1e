#include "cloud_world.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace nescio {

std::set<std::string> probe_arrays() {
  std::set<std::string> names;
  for (const detectors::DetectorInfo& info : detectors::catalogue()) {
    names.insert(info.needs.arrays.begin(), info.needs.arrays.end());
    for (const auto& p : info.parameters) {
      for (const std::string& value : p.info.sweep) {
        const auto stage = info.make();
        p.set(*stage, value);
        const detectors::Needs needs = stage->needs();
        names.insert(needs.arrays.begin(), needs.arrays.end());
      }
    }
  }
  return names;
}

namespace {

std::vector<float> logits_of(const World& w, const std::vector<float>& features) {
  std::vector<float> z;
  for (std::size_t r = 0; r < features.size() / w.width; ++r) {
    for (std::size_t c = 0; c < w.classes; ++c) {
      double sum = w.head.bias.value(c);
      for (std::size_t d = 0; d < w.width; ++d) {
        sum +=
            w.head.weight.value(c * w.width + d) * static_cast<double>(features[r * w.width + d]);
      }
      z.push_back(static_cast<float>(sum));
    }
  }
  return z;
}

}  // namespace

World make_world(std::size_t classes, std::size_t width, std::size_t train_rows) {
  Rng rng(20 + classes * 1000 + width);
  Matrix centres(classes, width);
  for (double& v : centres.values) v = rng.uniform() < 0.3 ? 2 + rng.uniform() : 0.1;
  Matrix weight(classes, width);
  Matrix bias(1, classes);
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t d = 0; d < width; ++d)
      weight(c, d) = centres(c, d) - 0.8 + 0.05 * rng.normal();
    bias(0, c) = 1 + 0.1 * rng.normal();  // the largest logit is positive, as a network's is
  }
  World w{classes, width, {expr::Table(weight), expr::Table(bias)}, {}, {}, {}, {}, {}, {}, 400};
  const auto cloud = [&](std::size_t n, std::vector<std::int64_t>* labels) {
    std::vector<float> f;
    for (std::size_t r = 0; r < n; ++r) {
      const std::size_t c = r % classes;
      if (labels) labels->push_back(static_cast<std::int64_t>(c));
      for (std::size_t d = 0; d < width; ++d) {
        f.push_back(static_cast<float>(std::max(0.0, centres(c, d) + 0.25 * rng.normal())));
      }
    }
    return f;
  };
  const auto split = [&](const char* name, std::size_t n) {
    std::vector<std::int64_t> labels;
    auto f = cloud(n, &labels);
    auto z = logits_of(w, f);
    statistics::Split s{name, {}, Array({n}, std::move(labels)), classes};
    s.arrays.emplace("features", Array({n, width}, std::move(f)));
    s.arrays.emplace("logits", Array({n, classes}, std::move(z)));
    for (const std::string& name : probe_arrays()) s.arrays.emplace(name, s.arrays.at("logits"));
    return s;
  };
  w.train = split("world/train", train_rows);
  w.val = split("world/val", 300);
  w.id_features = cloud(w.rows, nullptr);
  w.id_logits = logits_of(w, w.id_features);
  for (std::size_t i = 0; i < w.rows * width; ++i) {
    w.ood_features.push_back(static_cast<float>(std::abs(0.8 * rng.normal())));
  }
  w.ood_logits = logits_of(w, w.ood_features);
  return w;
}

const World& world() {
  static const World w = make_world(10, 24);
  return w;
}

World signed_world() {
  constexpr float shift = 0.8f;
  World w = world();
  const auto moved = [&](std::span<const float> features) {
    std::vector<float> out(features.begin(), features.end());
    for (float& v : out) v -= shift;
    return out;
  };
  for (statistics::Split* split : {&w.train, &w.val}) {
    Array& features = split->arrays.at("features");
    features = Array(features.shape(), moved(features.as<float>()));
  }
  w.id_features = moved(w.id_features);
  w.ood_features = moved(w.ood_features);
  Matrix bias(1, w.classes);
  for (std::size_t c = 0; c < w.classes; ++c) {
    bias(0, c) = w.head.bias.value(c);
    for (std::size_t d = 0; d < w.width; ++d) {
      bias(0, c) += static_cast<double>(shift) * w.head.weight.value(c * w.width + d);
    }
  }
  w.head.bias = expr::Table(bias);
  return w;
}

float range(const std::vector<float>& scores) {
  const auto [low, high] = std::ranges::minmax(scores);
  return high - low;
}

}  // namespace nescio
