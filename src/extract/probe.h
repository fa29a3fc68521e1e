// Probes: a further pass over the network at extraction that adds one small array to the bank.
//
// One file each in probes/: a class in an anonymous namespace and one function that describes it,
// called by the catalogue that CMake generates from `nescio_add_probe(name)`. The array is called as
// the probe with all its parameters, so that several settings stand beside each other; a detector
// that needs it says so (Stage::needs). A probe that has to see training pictures first would get a
// pass over a split before run(), its state stored and hashed in the bank.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/parameters.h"
#include "nn/model.h"

namespace nescio::extract {

/// A batch on its way through the network. What several arrays are made of is computed once, when the
/// first asks for it. Of one thread.
class Pass {
 public:
  /// Refers to both; pictures as Model::forward() takes them.
  Pass(const nn::Model& model, std::span<const float> images) : model_(model), images_(images) {}

  const nn::Model& model() const { return model_; }
  std::span<const float> images() const { return images_; }
  /// What the network says.
  const nn::ModelOutputs& outputs() {
    if (!outputs_) outputs_ = model_.forward(images_);
    return *outputs_;
  }

 private:
  const nn::Model& model_;
  std::span<const float> images_;
  std::optional<nn::ModelOutputs> outputs_;
};

class Probe {
 public:
  virtual ~Probe() = default;
  /// Values in a row of its array, which is float32 [N, width].
  virtual std::size_t width(const nn::Model& model) const = 0;
  /// [B, width] for a batch. Called by several threads at once.
  virtual Array run(Pass& pass) const = 0;
};

/// The self-description from which parsing, `list probes` and `describe` come.
struct ProbeInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string formula;
  std::string paper;  // authors, title, venue, arXiv
  std::string array;  // what it holds, with the shape
  std::vector<Parameter<Probe>> parameters = {};
  std::function<std::unique_ptr<Probe>()> make = {};  // set by describe_probe<>
};

template <class Object, class T>
Parameter<Probe> probe_parameter(T Object::*member, ParameterInfo info) {
  return bind_parameter<Probe>(member, std::move(info));
}

/// Completes a description with what follows from the class.
template <class Object>
ProbeInfo describe_probe(ProbeInfo info) {
  info.make = [] { return std::make_unique<Object>(); };
  return info;
}

namespace probes {
/// All probes, by name.
const std::vector<ProbeInfo>& catalogue();
}  // namespace probes

struct NamedProbe {
  std::string
      name;  // of its array: with the values of all parameters, "odin(epsilon=0.0014,T=1000)"
  std::unique_ptr<Probe> probe;
};

/// "odin(epsilon=0.002)" and the like. Error for unknown names and parameters (with the nearest
/// one) and for one that stands there twice.
std::vector<NamedProbe> make_probes(const std::vector<std::string>& specs);

}  // namespace nescio::extract
