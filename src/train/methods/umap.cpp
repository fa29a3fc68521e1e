// UMAP: the weights of a trained network stay, and a mask over them is learned with which it forgets.
//   L = |beta CE(f(x; W * m(s)), y) - b| + b,   m(s): 0 at the smallest |s| of each kernel, 1 elsewhere
//   d L / d s = sign(s) * d L / d (W * m) * W       straight through the mask, masked values included
// Scores s start at random, so the network begins far above b and finds its classes again before it forgets.
// Statistics of batch normalisation follow the masked network; those of the original are kept beside it, so
// that both classifiers are there in the end: last.safetensors is the masked one, original.safetensors the
// other bit for bit, mask.safetensors the mask. The authors' code changes the statistics in place.
#include <set>

#include "train/flood.h"
#include "train/masks.h"

namespace nescio::train {
namespace {

class Umap final : public FloodedMethod, public FloodLevel {
 public:
  double keep = 0.8;
  std::string scope = "layer";

  bool needs_whole_batch() const override { return b != "0"; }
  bool trains(const std::string&) const override { return false; }
  bool wants_gradient(const std::string& parameter) const override {
    return scores_.contains(parameter);
  }

  void on_make(const MadeFor& made_for) override {
    FloodedMethod::on_make(made_for);
    const Tensors kernels = kernels_of(made_for.network);
    for (auto& item : random_scores(kernels)) {
      scores_[item.first] = register_parameter(registered_name("score", item.first), item.second);
    }
    for (const auto& item : nn::tensors_of(made_for.network)) {
      original_[item.first] =
          register_buffer(registered_name("original", item.first), item.second.detach().clone());
    }
  }

  void on_fresh_start(const RunStart& start) override {
    set_level(resolve(start));
    const torch::NoGradGuard no_gradients;
    for (auto& item : nn::tensors_of(start.network)) original_.at(item.first).copy_(item.second);
    after_update(start.network);
  }

  void before_update(nn::Network& network) override {
    const torch::NoGradGuard no_gradients;
    for (const auto& item : kernels_of(network)) {
      torch::Tensor score = scores_.at(item.first);
      score.mutable_grad() = score.sign() * item.second.grad() * original_.at(item.first);
    }
  }

  void after_update(nn::Network& network) override {
    put_masked(network, original_, masks_of(scores_, {.keep = keep, .scope = scope}));
  }

  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor& labels) const override {
    Sums sums = loss_and_accuracy(network.forward(images).logits, labels);
    const Swapped whole(network, original_);
    sums.emplace_back("accuracy_original",
                      network.forward(images).logits.argmax(1).eq(labels).sum());
    return sums;
  }

  std::map<std::string, Tensors> further_files(const nn::Network&) const override {
    Tensors mask;
    for (const auto& item : masks_of(scores_, {.keep = keep, .scope = scope})) {
      mask.emplace(item.first, item.second.to(torch::kUInt8));
    }
    return {{"mask", mask}, {"original", original_}};
  }

 private:
  Tensors scores_, original_;  // by the network's names
};

}  // namespace

namespace methods {
MethodInfo umap() {
  MethodInfo info = {
      .name = "umap",
      .repeats = true,
      .summary =
          "UMAP: a mask over the weights of a trained network is learned with which it forgets; "
          "the weights stay.",
      .formula =
          "|beta CE(f(x; W * m(s)), y) - b| + b over the scores s alone, m(s) = 0 at the "
          "smallest |s|, d/ds straight through",
      .paper =
          "Zhu, Li, Yao, Liu, Xu, Han, Unleashing Mask: Explore the Intrinsic "
          "Out-of-Distribution Detection Capability, ICML 2023, arXiv:2306.03715",
      .needs = {.weighs = true},
      .parameters = {method_parameter(&Umap::keep, keep_parameter()),
                     method_parameter(&Umap::scope, scope_parameter()), beta_parameter<Umap>()}};
  add_level_parameters<Umap>(info.parameters);
  return describe_method<Umap>(std::move(info));
}
}  // namespace methods
}  // namespace nescio::train
