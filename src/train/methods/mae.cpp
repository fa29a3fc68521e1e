// Masked autoencoder (MAE): the network sees a quarter of the patches, and a small decoder, which goes when
// training ends, paints the others.
//   L = mean over pictures and hidden patches of  mean_pixels (d(f(x_visible)) - t)^2,  t = (x - mean) / std of its patch
// Only visible patches go through the network: patches without their places are no information, so the decoder
// puts a token that it learns in the hidden places, and adds fixed positions of its own. The authors start it
// with Xavier's uniform numbers; here, as everything else, with normal ones of 0.02.
#include <cmath>

#include "nn/position_tables.h"
#include "nn/transformer_block.h"
#include "train/masked_modelling.h"

namespace nescio::train {
namespace {

/// [B, 1 + k, width] of visible patches, class token first -> [B, n, pixels of a patch].
class Decoder final : public torch::nn::Module {
 public:
  Decoder(std::int64_t in, std::int64_t width, std::int64_t depth, std::int64_t heads,
          std::int64_t pixels)
      : width_(width),
        embed_(register_module("embed", std::make_shared<nn::Projection>(in, width))),
        mask_token_(register_parameter("mask_token", torch::zeros({1, 1, width}))),
        norm_(register_module(
            "norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(1e-6)))),
        paint_(register_module("paint", std::make_shared<nn::Projection>(width, pixels))) {
    for (std::int64_t i = 0; i < depth; ++i) {
      blocks_.push_back(register_module(text("block", i),
                                        std::make_shared<nn::TransformerBlock>(nn::BlockDesign{
                                            .width = width, .heads = heads, .hidden = 4 * width})));
    }
  }

  /// Gives the parameters the values that training starts with; a constructor cannot.
  void start() {
    nn::start_transformer(*this);
    nn::start_token(mask_token_);
  }

  torch::Tensor forward(const torch::Tensor& visible, const torch::Tensor& order) {
    const torch::Tensor x = embed_->forward(visible);
    const std::int64_t rows = x.size(0), patches = order.size(1), shown = x.size(1) - 1;
    const torch::Tensor tokens = torch::cat(
        {x.slice(1, 1), mask_token_.to(x.scalar_type()).expand({rows, patches - shown, width_})},
        1);
    const torch::Tensor places =
        order.argsort(std::int64_t{1}).unsqueeze(-1).expand({rows, patches, width_});
    const torch::Tensor placed = tokens.gather(1, places) + positions(patches, x);
    torch::Tensor y = torch::cat({x.slice(1, 0, 1), placed}, 1);
    for (const auto& block : blocks_) y = block->forward(y);
    return paint_->forward(norm_(y.slice(1, 1)));
  }

 private:
  /// For as many patches, as `like` in type and device.
  torch::Tensor positions(std::int64_t patches, const torch::Tensor& like) {
    if (!positions_.defined() || positions_.size(0) != patches) {
      const auto side = std::llround(std::sqrt(static_cast<double>(patches)));
      positions_ = nn::sine_positions(side, width_);
    }
    positions_ = positions_.to(like.device());  // in float32, whatever they are added to
    return positions_.to(like.scalar_type());
  }

  std::int64_t width_;
  std::shared_ptr<nn::Projection> embed_;
  torch::Tensor mask_token_;
  std::vector<std::shared_ptr<nn::TransformerBlock>> blocks_;
  torch::nn::LayerNorm norm_;
  std::shared_ptr<nn::Projection> paint_;
  torch::Tensor positions_;  // of the last number of patches
};

class Mae final : public MaskedModelling {
 public:
  Mae() : MaskedModelling("mae") {}

  double mask = 0.75;
  std::int64_t decoder_width = 512, decoder_depth = 8, decoder_heads = 16;
  bool norm_pixel = true;

 private:
  void make(const nn::VisionTransformer& transformer, const nn::NetworkInfo& info) override {
    if (decoder_width % decoder_heads != 0 || decoder_width % 4 != 0) {
      fail_usage("decoder_width=", decoder_width,
                 ": expected a multiple of 4 and of decoder_heads=", decoder_heads);
    }
    const auto channels = static_cast<std::int64_t>(info.preprocessing.planes());
    decoder_ = register_module(
        "decoder", std::make_shared<Decoder>(transformer.width(), decoder_width, decoder_depth,
                                             decoder_heads, patch() * patch() * channels));
    decoder_->start();
  }

  torch::Tensor draw_masks(std::int64_t rows, std::int64_t side) const override {
    shown_of(side * side);
    return random_orders(rows, side * side);
  }

  std::int64_t shown_of(std::int64_t patches) const {
    const auto shown = static_cast<std::int64_t>(static_cast<double>(patches) * (1 - mask));
    if (shown < 1 || shown == patches) {
      fail_usage("mask=", mask, ": of ", patches, " patches ", shown == 0 ? "none" : "all",
                 " would be seen");
    }
    return shown;
  }

  Reconstructed run(nn::VisionTransformer& transformer, const torch::Tensor& images,
                    const torch::Tensor& order) const override {
    const std::int64_t patches = order.size(1);
    const std::int64_t shown = shown_of(patches);
    const torch::Tensor tokens = transformer.embed(images);
    const torch::Tensor painted =
        decoder_->forward(transformer.encode(tokens, order.slice(1, 0, shown)), order)
            .to(images.scalar_type());
    const torch::Tensor pixels = patches_of(images, patch());
    const torch::Tensor target = norm_pixel ? normalised_patches(pixels) : pixels;
    const torch::Tensor hidden = order.argsort(std::int64_t{1}).ge(shown);
    const torch::Tensor error = (painted - target).square().mean(-1);
    return {hidden, (error * hidden).sum(1) / static_cast<double>(patches - shown),
            norm_pixel ? as_pixels(painted.detach(), pixels) : painted.detach()};
  }

  /// What was painted in units of each patch's own mean and deviation, as MAE's demonstration shows it.
  static torch::Tensor as_pixels(const torch::Tensor& painted, const torch::Tensor& pixels) {
    return painted * (pixels.var(-1, true, true) + 1e-6).sqrt() + pixels.mean(-1, true);
  }

  std::shared_ptr<Decoder> decoder_;
};

}  // namespace

namespace methods {
MethodInfo mae() {
  return describe_method<Mae>(
      {.name = "mae",
       .role = MethodRole::whole,
       .repeats = true,
       .summary =
           "Masked autoencoder: the network sees a few patches, a decoder paints the others.",
       .formula =
           "mean over hidden patches of mean_pixels (d(f(x_visible)) - t)^2, t the patch less "
           "its mean, divided by its deviation",
       .paper = "He, Chen, Xie, Li, Dollar, Girshick, Masked Autoencoders Are Scalable Vision "
                "Learners, CVPR 2022, arXiv:2111.06377",
       .needs = {.labels = false},
       .parameters = {
           method_parameter(&Mae::mask, mask_parameter()),
           method_parameter(
               &Mae::decoder_width,
               {.name = "decoder_width", .doc = "of its tokens", .min = 4, .max = 65536}),
           method_parameter(&Mae::decoder_depth,
                            {.name = "decoder_depth", .doc = "blocks", .min = 1, .max = 1000}),
           method_parameter(
               &Mae::decoder_heads,
               {.name = "decoder_heads", .doc = "of each block", .min = 1, .max = 1024}),
           method_parameter(&Mae::norm_pixel,
                            {.name = "norm_pixel",
                             .doc = "each patch is to be painted less its mean, divided by its "
                                    "deviation"})}});
}
}  // namespace methods
}  // namespace nescio::train
