// How networks describe themselves, without libtorch.
//
// One file per family of networks in networks/: modules in an anonymous namespace and one function
// per network that describes it, called by the catalogue that CMake generates from
// `nescio_entry(networks name)`.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "base/parameters.h"
#include "image/preprocessing.h"

namespace nescio::nn {

class Network;  // nn/network.h, which needs libtorch

using Tensors = std::map<std::string, Array>;

/// What a network has.
struct ExpectedTensors {
  std::map<std::string, Shape> shapes;
  std::set<std::string> optional;  // may be missing in a file
};

/// Reads published weights that are laid out in another way than the network.
struct Adapter {
  std::string source;  // whose files they are
  /// The tensors of a file as the network has them, whatever it takes: other names, tensors joined
  /// or cut, tables of another size, some left out. None if the file is of another kind. `ours` is
  /// what the network has.
  std::function<std::optional<Tensors>(const Tensors& file, const ExpectedTensors& ours)> read;
  image::Preprocessing preprocessing;  // of the input that they were trained on
};

/// What a network is made from beside the number of its classes: the parameters of its spec.
class Design {
 public:
  virtual ~Design() = default;
  virtual std::shared_ptr<Network> make(std::int64_t classes) const = 0;
  /// The same for those who only ask for names and shapes, or write every value: what a value is, is
  /// left open where that spares work.
  virtual std::shared_ptr<Network> outline(std::int64_t classes) const { return make(classes); }
  /// The pictures that it is made for, where its description at the defaults, or that of an adapter, names these.
  virtual image::Preprocessing input(image::Preprocessing described) const { return described; }
};

/// The self-description from which loading, `list models` and `describe` come.
struct NetworkInfo {
  std::string name;
  std::string summary;       // one sentence
  std::string paper;         // authors, title, venue, arXiv
  std::string weights;       // where published ones come from
  std::int64_t classes = 0;  // of the published weights
  image::Preprocessing preprocessing;
  std::size_t min_side = 1;  // smaller pictures vanish on their way
  std::size_t max_side = std::numeric_limits<std::size_t>::max();  // larger ones do not fit
  std::string head;  // the last layer's name: head + ".weight" [C, D ...], head + ".bias" [C]
  bool linear_head = true;  // logits = features W^T + b; otherwise a bank gets no head
  /// Its published weights are those of an encoder: without a last layer a model says 0 for its only
  /// class, and its features are what counts.
  bool encoder = false;
  std::vector<Adapter> also_reads = {};
  // Set by describe_network().
  std::vector<Parameter<Design>> parameters = {};
  std::function<std::shared_ptr<Design>()> design = {};  // its parameters at their defaults

  std::shared_ptr<Network> make(std::int64_t number_of_classes) const {
    return design()->make(number_of_classes);
  }
};

/// Completes a description with a design, whose values are the defaults, and with the parameters
/// that a user may set of it.
template <class Object>
NetworkInfo describe_network(NetworkInfo info, const Object& design,
                             std::vector<Parameter<Design>> parameters = {}) {
  for (Parameter<Design>& p : parameters) p.default_value = p.get(design);
  info.parameters = std::move(parameters);
  info.design = [design] { return std::make_shared<Object>(design); };
  return info;
}

template <class Object, class T>
Parameter<Design> network_parameter(T Object::*member, ParameterInfo info) {
  return bind_parameter<Design>(member, std::move(info));
}

namespace networks {
/// All networks, by name.
const std::vector<NetworkInfo>& catalogue();
}  // namespace networks

/// The description of a network. UsageError with the nearest name and the list if there is none.
const NetworkInfo& find_network(std::string_view name);

/// A network of the catalogue as a spec names it.
struct DesignedNetwork {
  const NetworkInfo* info = nullptr;
  std::shared_ptr<const Design> design = {};

  /// "wrn_40_4(dropout=0)": with the parameters that are not at their defaults.
  std::string name() const;
};

/// Of "wrn_40_4" or "wrn_40_4(dropout=0,affine=false)". UsageError with the nearest name for an
/// unknown network or parameter, and for values out of range.
DesignedNetwork design_network(std::string_view spec);

/// The version of libtorch: "2.13.0".
std::string torch_version();

}  // namespace nescio::nn
