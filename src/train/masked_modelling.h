// What the methods that reconstruct hidden patches have in common: a vision transformer without its head,
// a loss as the measure of validation, and pictures for people.
#pragma once

#include <string>

#include "train/masked_images.h"

namespace nescio::train {

/// What a method makes of some pictures with its mask: of one picture or part after another the same
/// numbers whether it trains or is measured.
struct Reconstructed {
  torch::Tensor hidden;   // [B, n] bool: patches that the network did not see
  torch::Tensor loss;     // [B]: of each picture
  torch::Tensor patches;  // [B, n, p p c]: what it makes of the hidden ones, as the pictures are
                          // normalised; undefined where it makes no pixels
};

class MaskedModelling : public TrainingMethod {
 public:
  MethodNeeds needs() const override { return {.labels = false}; }
  /// The last layer knows nothing of the pretext task.
  bool trains(const std::string& parameter) const override { return !is_head(parameter); }
  void on_make(const MadeFor& made_for) override;
  Draws draw(const StepFacts& facts) override;
  torch::Tensor loss(TrainingStep& step) override;
  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor& labels) const override;
  Choice chosen_by() const override { return {"loss", false}; }
  /// The normalisation in front of the head begins anew: here it learned from single tokens, afterwards it
  /// reads their mean. (BEiT's and MAE's own files are read the same way.)
  std::map<std::string, torch::Tensor> exported(const nn::Network& network) const override;
  std::optional<Reconstruction> reconstruct(nn::Network& network,
                                            const torch::Tensor& images) const override;

 protected:
  /// For pictures of height x width, B rows: what is drawn on the host, [B, ...].
  virtual torch::Tensor draw_masks(std::int64_t rows, std::int64_t side) const = 0;
  /// With parameters for a network of this kind.
  virtual void make(const nn::VisionTransformer& transformer, const nn::NetworkInfo& info) = 0;
  virtual Reconstructed run(nn::VisionTransformer& transformer, const torch::Tensor& images,
                            const torch::Tensor& masks) const = 0;

  /// What the network makes of pictures with a learned token [1, 1, width] in the place of the hidden patches
  /// [B, n], of each patch: [B, n, width].
  static torch::Tensor encode_hidden(nn::VisionTransformer& transformer,
                                     const torch::Tensor& images, const torch::Tensor& hidden,
                                     const torch::Tensor& mask_token);

  std::int64_t patch() const { return patch_; }
  const std::string& name() const { return name_; }
  explicit MaskedModelling(std::string name) : name_(std::move(name)) {}

 private:
  bool is_head(const std::string& parameter) const { return parameter.starts_with(head_ + "."); }

  std::string name_, head_;
  std::int64_t patch_ = 1;
};

/// The share of patches that a method hides.
ParameterInfo mask_parameter();

}  // namespace nescio::train
