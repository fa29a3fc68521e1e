// A network that libtorch runs, as those see it who do not know libtorch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/network_info.h"
#include "runtime/backbone.h"

namespace nescio::nn {

/// A network in evaluation mode. Moves, does not copy.
class Model final : public runtime::Backbone {
 public:
  /// "resnet20:PATH?key=value&..." with weights in safetensors or torch.save's forms; behind the
  /// network's name may stand its parameters, "wrn_40_4(affine=false):PATH", which a file of `nescio
  /// train` says itself. `device` is auto (CUDA where there is a device), cpu, cuda or cuda:N. Which of
  /// the file's tensors are the network's, chosen_weights.h says; key= and prefix= choose (PATH#KEY is
  /// short for the first). The other keys are preprocessing_parameters(). The number of classes is that
  /// of the file. The preprocessing is, the first of these that is there: the options behind '?', what
  /// the file says ("nescio.preprocessing" in the metadata of safetensors), that of whoever laid the
  /// file out, the network's.
  /// Error if there is no path, if names or shapes differ from the network's (with the difference
  /// and the network that would fit; nothing is loaded in part), if the file says that it belongs to
  /// another network ("nescio.network"), for unknown options and a device that is not there.
  static Model load(std::string_view spec, std::string_view device = "auto");
  ~Model() override;
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const NetworkInfo& info() const;
  /// SHA-256 of the weights file; with key= or prefix= that take other tensors than would be taken
  /// otherwise, of that and these.
  const std::string& weights_sha256() const;
  /// Parameters and buffers by name, as they are (copies).
  Tensors parameters() const;

  nlohmann::json identity() const override;
  const image::Preprocessing& preprocessing() const override;
  const Notices& notices() const override;
  std::string device() const override;
  std::size_t classes() const override;
  /// As "nescio.class_names" in the metadata of safetensors says.
  const std::vector<std::string>& class_names() const override;
  std::size_t feature_width() const override;
  std::optional<Head> head() const override;
  std::vector<std::string> taps() const override;
  std::vector<std::string> pooled_taps() const override;
  std::unique_ptr<runtime::TracedPass> trace(std::span<const float> images,
                                             const std::vector<std::string>& taps) const override;
  runtime::BackboneOutputs forward_from(const std::string& tap, const Array& value) const override;
  std::unique_ptr<runtime::TracedPass> trace_from(const std::string& tap,
                                                  const Array& value) const override;
  Array forward_dropping(std::span<const float> images,
                         std::span<const std::uint64_t> keys) const override;

 private:
  friend Network& network_of(const Model& model);  // nn/network.h
  struct State;
  explicit Model(std::unique_ptr<State> state);
  runtime::BackboneOutputs run(std::span<const float> images,
                               const std::vector<std::string>& taps) const override;
  std::unique_ptr<State> state_;
};

}  // namespace nescio::nn
