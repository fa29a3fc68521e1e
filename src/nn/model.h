// A network with its weights, as those see it who do not know libtorch: pictures in, logits and
// features out.
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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "base/notice.h"
#include "image/preprocessing.h"

namespace nescio::nn {

class Network;  // nn/network.h, which needs libtorch

/// A name that begins with `from` begins with `to` here.
struct Renaming {
  std::string from, to;
};

/// Published weights of a network that carry other names, and the input that they were trained on.
struct OtherNames {
  std::string source;  // whose names they are
  std::vector<Renaming> names;
  image::Preprocessing preprocessing;
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
  std::vector<OtherNames> also_reads = {};
  std::function<std::shared_ptr<Network>(std::int64_t classes)> make;
};

namespace networks {
/// All networks, by name.
const std::vector<NetworkInfo>& catalogue();
}  // namespace networks

/// The version of libtorch: "2.13.0".
std::string torch_version();

/// The description of a network. UsageError with the nearest name and the list if there is none.
const NetworkInfo& find_network(std::string_view name);

/// What a network says about a batch.
struct ModelOutputs {
  Array logits;    // [B, C] float32
  Array features;  // [B, D] float32: what the last layer reads
};

/// A network in evaluation mode. Moves, does not copy.
class Model {
 public:
  /// "resnet20:PATH?key=value&..." with weights in safetensors or torch.save's forms; `device` is
  /// auto (CUDA where there is a device), cpu, cuda or cuda:N. Which of the file's tensors are the
  /// network's, chosen_weights.h says; key= and prefix= choose (PATH#KEY is short for the first). The
  /// other keys are preprocessing_parameters(). The number of classes is that of the file. The
  /// preprocessing is, the first of these that is there: the options behind '?', what the file says
  /// ("nescio.preprocessing" in the metadata of safetensors), that of whoever gave the file's names,
  /// the network's.
  /// Error if there is no path, if names or shapes differ from the network's (with the difference
  /// and the network that would fit; nothing is loaded in part), if the file says that it belongs to
  /// another network ("nescio.network"), for unknown options and a device that is not there.
  static Model load(std::string_view spec, std::string_view device = "auto");
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const NetworkInfo& info() const;
  /// What forward() wants its pictures to go through.
  const image::Preprocessing& preprocessing() const;
  /// What a user should know about how the weights were read.
  const Notices& notices() const;
  /// SHA-256 of the weights file; with key= or prefix= that take other tensors than would be taken
  /// otherwise, of that and these.
  const std::string& weights_sha256() const;
  /// "cpu", "cuda:0".
  std::string device() const;
  std::size_t classes() const;
  /// What they are called, by number; empty where the file does not say ("nescio.class_names" in the
  /// metadata of safetensors).
  const std::vector<std::string>& class_names() const;
  std::size_t feature_width() const;
  /// The last layer, [C, D] and [C]: logits = features W^T + b where info().linear_head.
  Array head_weight() const;
  Array head_bias() const;
  /// Parameters and buffers by name, as they are (copies).
  std::map<std::string, Array> parameters() const;

  /// `images` is [B, planes, height, width] as a Preprocessor makes them, B > 0. Runs on thread_count()
  /// threads, on the caller's alone within parallel_for; several may call at once. What a row gives
  /// depends on B by rounding, so whoever wants equal bits keeps B.
  ModelOutputs forward(std::span<const float> images) const;

 private:
  friend Network& network_of(const Model& model);  // nn/network.h
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nescio::nn
