#include "train/masked_modelling.h"

#include "base/error.h"
#include "nn/autocast.h"

namespace nescio::train {
namespace {

std::int64_t side_in_patches(std::int64_t height, std::int64_t width, std::int64_t patch) {
  if (height != width || height % patch != 0) {
    fail("expected square pictures of a multiple of ", patch,
         ", the patches of the network, found ", height, " x ", width);
  }
  return height / patch;
}

}  // namespace

void MaskedModelling::on_make(const MadeFor& made_for) {
  const nn::VisionTransformer& transformer = transformer_of(made_for.network, made_for.info.name);
  patch_ = transformer.patch();
  head_ = made_for.info.head;
  make(transformer, made_for.info);
  // What cannot be masked is refused before a run begins.
  const SameRandomNumbers same;
  draw_masks(1, transformer.grid());
}

std::map<std::string, torch::Tensor> MaskedModelling::exported(const nn::Network& network) const {
  auto tensors = nn::tensors_of(network);
  for (auto& [name, tensor] : tensors) {
    if (name == "fc_norm.weight") tensor = torch::ones_like(tensor);
    if (name == "fc_norm.bias") tensor = torch::zeros_like(tensor);
  }
  return tensors;
}

Draws MaskedModelling::draw(const StepFacts& facts) {
  const std::int64_t side = side_in_patches(facts.height, facts.width, patch_);
  return {{"masks", {draw_masks(facts.rows.images, side), Rows::images}}};
}

torch::Tensor MaskedModelling::loss(TrainingStep& step) {
  const nn::Bfloat16 precision(step.images.device().type(), step.bfloat16);
  step.rows += step.images.size(0);
  const Reconstructed found =
      run(transformer_of(step.network), step.images, step.drawn(name_, "masks"));
  return step.of_images(found.loss.mean());
}

Sums MaskedModelling::measures(nn::Network& network, const torch::Tensor& images,
                               const torch::Tensor&) const {
  const SameRandomNumbers same;
  const std::int64_t side = side_in_patches(images.size(2), images.size(3), patch_);
  const torch::Tensor masks = draw_masks(images.size(0), side).to(images.device());
  return {{"loss", run(transformer_of(network), images, masks).loss.sum()}};
}

std::optional<Reconstruction> MaskedModelling::reconstruct(nn::Network& network,
                                                           const torch::Tensor& images) const {
  const SameRandomNumbers same;
  const std::int64_t side = side_in_patches(images.size(2), images.size(3), patch_);
  const torch::Tensor masks = draw_masks(images.size(0), side).to(images.device());
  const Reconstructed found = run(transformer_of(network), images, masks);
  if (!found.patches.defined()) return std::nullopt;
  const torch::Tensor shown = patches_of(images, patch_);
  const torch::Tensor hidden = found.hidden.unsqueeze(-1);
  return Reconstruction{
      .shown = pictures_of(shown.masked_fill(hidden, 0), patch_),
      .made =
          pictures_of(torch::where(hidden, found.patches.to(shown.scalar_type()), shown), patch_)};
}

torch::Tensor MaskedModelling::encode_hidden(nn::VisionTransformer& transformer,
                                             const torch::Tensor& images,
                                             const torch::Tensor& hidden,
                                             const torch::Tensor& mask_token) {
  const torch::Tensor tokens = transformer.embed(images);
  const torch::Tensor seen =
      torch::where(hidden.unsqueeze(-1), mask_token.to(tokens.scalar_type()), tokens);
  return transformer.encode(seen).slice(1, 1);  // without the class token
}

ParameterInfo mask_parameter() {
  return {.name = "mask",
          .doc = "share of the patches that the network does not see",
          .min = 0,
          .max = 1,
          .min_excluded = true,
          .max_excluded = true};
}

}  // namespace nescio::train
