#include "detectors/inputs.h"

#include "base/error.h"

namespace nescio::detectors {
namespace {

void require_head(const std::optional<HeadTables>& head) {
  if (head) return;
  fail(
      "changed features need the head to give logits; import it with head_weight=W.npy "
      "head_bias=b.npy");
}

Expr logits_of(const Expr& features, const HeadTables& head) {
  return inner_products(features, head.weight) + head.bias;
}

}  // namespace

Matrix matrix_of(const Table& table) {
  Matrix m(table.rows(), table.cols());
  for (std::size_t i = 0; i < m.values.size(); ++i) m.values[i] = table.value(i);
  return m;
}

Inputs Inputs::with_features(const Expr& changed) const {
  require_head(head);
  Inputs out = *this;
  out.features = out.unscaled = changed;
  out.logits = out.unscaled_logits = logits_of(changed, *head);
  return out;
}

Inputs Inputs::with_scaled_features(const Expr& factor) const {
  require_head(head);
  Inputs out = *this;
  out.features = factor * features;
  out.logits = out.unscaled_logits = factor * (unscaled_logits - head->bias) + head->bias;
  return out;
}

Inputs Inputs::with_scaled_logits(const Expr& factor) const {
  Inputs out = *this;
  out.logits = factor * logits;
  return out;
}

Inputs Inputs::with_head(HeadTables changed) const {
  Inputs out = *this;
  out.logits = out.unscaled_logits = logits_of(features, changed);
  out.head = std::move(changed);
  return out;
}

const Expr& Inputs::array(const std::string& name) const {
  const auto found = arrays.find(name);
  if (found == arrays.end()) {
    fail("the array '", name, "' is missing; extract it with 'probes=", name, "'");
  }
  return found->second;
}

Inputs make_inputs(std::size_t classes, std::size_t feature_width, std::optional<HeadTables> head,
                   const Widths& arrays, std::shared_ptr<Graph> graph, const std::string& prefix) {
  if (!graph) graph = std::make_shared<Graph>();
  Inputs in;
  if (classes > 0) in.logits = input(graph, prefix + "logits", classes);
  if (feature_width > 0) {
    in.features = in.unscaled = input(graph, prefix + "features", feature_width);
  }
  in.head = std::move(head);
  if (!in.logits && in.features && in.head) in.logits = logits_of(in.features, *in.head);
  in.unscaled_logits = in.logits;
  for (const auto& [name, width] : arrays)
    in.arrays.emplace(name, input(graph, prefix + name, width));
  return in;
}

Expr unit_rows(const Expr& x) { return x / max(l2_norm(x), shortest_row); }

}  // namespace nescio::detectors
