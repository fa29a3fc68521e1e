#include "detectors/inputs.h"

#include "base/error.h"

namespace nescio {

Inputs Inputs::with_features(const Expr& changed) const {
  if (!head) {
    fail(
        "changed features need the head to give logits; import it with head_weight=W.npy "
        "head_bias=b.npy");
  }
  Inputs out = *this;
  out.features = changed;
  out.logits = inner_products(changed, head->weight) + head->bias;
  return out;
}

Inputs Inputs::with_logits(const Expr& changed) const {
  Inputs out = *this;
  out.logits = changed;
  return out;
}

const Expr& Inputs::array(const std::string& name) const {
  const auto found = arrays.find(name);
  if (found == arrays.end()) {
    fail("the array '", name, "' is missing; extract it with probes=", name);
  }
  return found->second;
}

Inputs make_inputs(std::size_t classes, std::size_t feature_width, std::optional<HeadTables> head,
                   const Widths& arrays) {
  auto graph = std::make_shared<Graph>();
  Inputs in;
  if (classes > 0) in.logits = input(graph, "logits", classes);
  if (feature_width > 0) in.features = input(graph, "features", feature_width);
  in.head = std::move(head);
  for (const auto& [name, width] : arrays) in.arrays.emplace(name, input(graph, name, width));
  return in;
}

Expr unit_rows(const Expr& x) { return x / max(l2_norm(x), 1e-12); }

}  // namespace nescio
