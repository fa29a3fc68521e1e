// The last layers of a graph as one linear function of the features.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "onnx/model_state.h"

namespace nescio::onnx {

std::optional<Model::State::Matrix> Model::State::weight_of(const LastLayer& layer,
                                                            bool with_values) const {
  auto weight = constant_matrix(layer.weight, with_values);
  const bool grouped = integer(*layer.product, "group", 1) != 1;  // each class reads a part
  if (!weight || weight->vector || grouped) return std::nullopt;
  if (with_values && !layer.step.empty()) {
    const auto step = constant_matrix(layer.step, true);
    const auto zero = layer.zero.empty() ? std::optional(Matrix{.values = {0}})
                                         : constant_matrix(layer.zero, true);
    const auto fits = [&](const std::optional<Matrix>& m) {
      return m && (m->values.size() == 1 || m->values.size() == weight->columns);
    };
    if (!fits(step) || !fits(zero)) return std::nullopt;
    const auto at = [](const Matrix& m, std::size_t c) {
      return m.values[m.values.size() == 1 ? 0 : c];
    };
    for (std::size_t i = 0; i < weight->values.size(); ++i) {
      const std::size_t c = i % weight->columns;
      weight->values[i] = (weight->values[i] - at(*zero, c)) * at(*step, c);
    }
  }
  return layer.transposed ? weight : weight->turned();
}

std::optional<Model::State::Joint> Model::State::joint(const std::vector<LastLayer>& layers) const {
  Joint out;
  const std::vector<std::string> features = features_of(layers);
  std::vector<std::size_t> widths(features.size(), 0), place;
  for (const LastLayer& layer : layers) {
    const auto weight = weight_of(layer, false);
    if (!weight || weight->columns == 0) return std::nullopt;
    const auto at = std::ranges::find(features, input(*layer.product, 0)) - features.begin();
    place.push_back(static_cast<std::size_t>(at));
    std::size_t& width = widths[place.back()];
    if (width != 0 && width != weight->columns) return std::nullopt;
    width = weight->columns;
    if (out.classes != 0 && out.classes != weight->rows) return std::nullopt;
    out.classes = weight->rows;
  }
  for (const std::size_t p : place) {
    out.first.push_back(
        std::accumulate(widths.begin(), widths.begin() + static_cast<long>(p), std::size_t{0}));
  }
  out.width = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  return out;
}

std::optional<Head> Model::head(const Tensors& tensors) const {
  std::vector<LastLayer> layers = state_->last_layers(tensors.logits);
  if (layers.empty()) {
    if (const auto layer = state_->last_convolution(tensors.logits)) layers = {*layer};
  }
  if (layers.empty() || State::features_of(layers) != tensors.features) return std::nullopt;
  const auto joint = state_->joint(layers);
  if (!joint) return std::nullopt;
  const std::size_t classes = joint->classes, width = joint->width;
  /// One number for each class; none where it is something else.
  const auto of_classes = [&](const std::string& name) -> std::optional<std::vector<double>> {
    const auto found = state_->constant_matrix(name, true);
    const std::size_t count = found ? found->values.size() : 0;
    if (count == 0 || (count != 1 && count != classes)) return std::nullopt;
    std::vector<double> out(classes, found->values[0]);
    if (found->values.size() > 1) out.assign(found->values.begin(), found->values.end());
    return out;
  };
  // All are there before room is made for as many as the file says.
  std::vector<State::Matrix> weights;
  for (const LastLayer& layer : layers) {
    auto weight = state_->weight_of(layer, true);
    if (!weight) return std::nullopt;
    weights.push_back(std::move(*weight));
  }
  std::vector<double> w(classes * width, 0.0), b(classes, 0.0);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LastLayer& layer = layers[i];
    const State::Matrix& weight = weights[i];
    std::vector<double> factor(classes, double{layer.alpha}), bias(classes, 0.0);
    if (!layer.bias.empty()) {
      const auto own = of_classes(layer.bias);
      if (!own) return std::nullopt;
      for (std::size_t c = 0; c < classes; ++c) bias[c] = layer.beta * (*own)[c];
    }
    for (const LastLayer::Operation& next : layer.behind) {
      const bool negated = next.kind == "Neg";
      const auto constant = negated ? std::vector(classes, 0.0) : of_classes(next.constant);
      if (!constant) return std::nullopt;
      for (std::size_t c = 0; c < classes; ++c) {
        const double k = (*constant)[c];
        if (next.kind == "Mul" || next.kind == "Div") {
          const double by = next.kind == "Mul" ? k : 1 / k;
          factor[c] *= by;
          bias[c] *= by;
        } else if (next.kind == "Add") {
          bias[c] += k;
        } else if (negated || next.first) {  // k - z
          factor[c] = -factor[c];
          bias[c] = k - bias[c];
        } else {
          bias[c] -= k;
        }
      }
    }
    for (std::size_t c = 0; c < classes; ++c) {
      b[c] += bias[c];
      for (std::size_t d = 0; d < weight.columns; ++d) {
        w[c * width + joint->first[i] + d] += factor[c] * weight.values[c * weight.columns + d];
      }
    }
  }
  return Head{Array({classes, width}, std::vector<float>(w.begin(), w.end())),
              Array({classes}, std::vector<float>(b.begin(), b.end()))};
}

}  // namespace nescio::onnx
