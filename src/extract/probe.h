// Probes: what an extraction adds to the bank beside logits and features, one small array each, from
// further passes over the network or from values between its layers.
//
// One file each in probes/: a class in an anonymous namespace and one function that describes it,
// called by the catalogue that CMake generates from `nescio_add_probe(name)`. The array is called as
// the probe with all its parameters, so that several settings stand beside each other; a detector
// that needs it says so (Stage::needs).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/parameters.h"
#include "runtime/backbone.h"

namespace nescio::extract {

/// A batch on its way through the network. What several arrays are made of is computed once, when the
/// first asks for it. Of one thread.
class Pass {
 public:
  /// Refers to network and images, which are as Backbone::forward() takes them; `taps` are those that
  /// anybody will ask for.
  Pass(const runtime::Backbone& network, std::span<const float> images,
       std::vector<std::string> taps = {})
      : network_(network), images_(images), taps_(std::move(taps)) {}

  const runtime::Backbone& network() const { return network_; }
  std::span<const float> images() const { return images_; }
  std::size_t rows() const;
  /// What the network says.
  const runtime::BackboneOutputs& outputs();
  /// A value between its layers.
  const Array& tap(const std::string& name);
  /// What make() gives, once for all that ask under this name.
  const Array& shared(const std::string& name, const std::function<Array()>& make);

  /// d f / d value for a function f of a value.
  using Slope = std::function<Array(const Array& value)>;
  /// d f / d images of a function f of the logits, [B, planes, height, width]. `name` tells one function from
  /// another. A pass back, and for the first of them one forward.
  const Array& gradient(const std::string& name, const Slope& slope);
  /// The same of a function of the value at a tap.
  const Array& gradient_at(const std::string& tap, const std::string& name, const Slope& slope);
  /// d f / d value at a tap of a function f of the logits. A pass forward from the tap and back to it.
  const Array& gradient_by(const std::string& tap, const std::string& name, const Slope& slope);

 private:
  runtime::TracedPass& traced();

  const runtime::Backbone& network_;
  std::span<const float> images_;
  std::vector<std::string> taps_;
  std::optional<runtime::BackboneOutputs> outputs_;
  std::unique_ptr<runtime::TracedPass> traced_;
  std::map<std::string, Array> shared_;
};

class Probe {
 public:
  virtual ~Probe() = default;
  /// The values between layers that it looks at.
  virtual std::vector<std::string> taps(const runtime::Backbone&) const { return {}; }
  /// Values in a row of its array, which is float32 [N, width].
  virtual std::size_t width(const runtime::Backbone& network) const = 0;
  /// [B, width] for a batch. Called by several threads at once.
  virtual Array run(Pass& pass) const = 0;
};

/// A probe that has to see pictures of the training set before it runs. What it has learned is kept in
/// the bank.
class LearningProbe : public Probe {
 public:
  virtual void begin_fit(const runtime::Backbone& network) = 0;
  /// What it learns of a batch, [B, ...] each. Called by several threads at once.
  virtual std::vector<Array> observe(Pass& pass) const = 0;
  /// The first rows of that, one for each of `labels` (-1: none); batch by batch in the order of the pictures.
  virtual void add(const std::vector<Array>& observed, std::span<const std::int64_t> labels) = 0;
  virtual void finish_fit() {}

  virtual std::map<std::string, Array> learned() const = 0;
  /// Of an equal probe and network. Error if they are not what it learns.
  virtual void restore(const std::map<std::string, Array>& learned,
                       const runtime::Backbone& network) = 0;
};

/// The self-description from which parsing, `list probes` and `describe` come.
struct ProbeInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string formula;
  std::string paper;  // authors, title, venue, arXiv
  std::string array;  // what it holds, with the shape
  std::string cost;   // for each picture beyond the pass of the network, and what settings share
  std::vector<Parameter<Probe>> parameters = {};
  bool learns = false;                                // set by describe_probe<>
  std::function<std::unique_ptr<Probe>()> make = {};  // set by describe_probe<>
};

template <class Object, class T>
Parameter<Probe> probe_parameter(T Object::*member, ParameterInfo info) {
  return bind_parameter<Probe>(member, std::move(info));
}

/// Completes a description with what follows from the class.
template <class Object>
ProbeInfo describe_probe(ProbeInfo info) {
  info.learns = std::is_base_of_v<LearningProbe, Object>;
  info.make = [] { return std::make_unique<Object>(); };
  return info;
}

namespace probes {
/// All probes, by name.
const std::vector<ProbeInfo>& catalogue();
}  // namespace probes

struct NamedProbe {
  /// Of its array: with the values of all parameters, "odin(epsilon=0.0014,T=1000)".
  std::string name;
  std::unique_ptr<Probe> probe;

  /// Null unless it learns.
  LearningProbe* learning() const { return dynamic_cast<LearningProbe*>(probe.get()); }
};

/// "odin(epsilon=0.002)" and the like. Error for unknown names and parameters (with the nearest
/// one) and for one that stands there twice.
std::vector<NamedProbe> make_probes(const std::vector<std::string>& specs);

/// Error of the probe `asks`, with the nearest name, unless `tap` is one of them.
void require_tap(const std::string& asks, const std::string& tap,
                 const std::vector<std::string>& known);

/// All values between layers that the probes look at, each once.
std::vector<std::string> taps_of(const std::vector<const Probe*>& probes,
                                 const runtime::Backbone& network);

}  // namespace nescio::extract
