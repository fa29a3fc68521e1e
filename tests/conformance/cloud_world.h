// A made-up world that every detector must do well in.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "detectors/detector.h"

namespace nescio {

/// The arrays of probes that detectors of the catalogue need, with their defaults or another value of
/// one parameter. In these worlds every one of them is the logits.
std::set<std::string> probe_arrays();

/// One fixed world: classes are Gaussian clouds of positive features, the head is linear in them;
/// far OOD lies away from all clouds, with small logits.
struct World {
  std::size_t classes, width;
  detectors::HeadTables head;
  statistics::Split train, val;
  std::vector<float> id_features, id_logits, ood_features, ood_logits;
  std::size_t rows = 400;

  detectors::Inputs inputs() const {
    detectors::Widths widths;
    for (const std::string& name : probe_arrays()) widths.emplace(name, classes);
    return detectors::make_inputs(classes, width, head, widths);
  }
  expr::Batch id() const { return batch(id_features, id_logits, rows); }
  expr::Batch ood() const { return batch(ood_features, ood_logits, rows); }
  expr::Batch batch(const std::vector<float>& f, const std::vector<float>& z, std::size_t n) const {
    expr::Batch out{{"features", {f.data(), n, width}}, {"logits", {z.data(), n, classes}}};
    for (const std::string& name : probe_arrays()) out.emplace(name, out.at("logits"));
    return out;
  }
};

World make_world(std::size_t classes, std::size_t width, std::size_t train_rows = 1000);
/// Of 10 classes and 24 features.
const World& world();
/// The same with features of both signs, as transformers have them: all less 0.8, which the bias makes up for.
World signed_world();

/// Largest less smallest score.
float range(const std::vector<float>& scores);

}  // namespace nescio
