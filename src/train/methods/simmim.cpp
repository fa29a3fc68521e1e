// SimMIM: hidden patches are replaced by one learned token, all of them go through the network, and a single
// linear layer paints them.
//   L = mean over pictures of  sum over hidden pixels |p(f(x)) - x| / (hidden pixels + 1e-5)
#include "nn/transformer_block.h"
#include "train/masked_modelling.h"

namespace nescio::train {
namespace {

class SimMim final : public MaskedModelling {
 public:
  SimMim() : MaskedModelling("simmim") {}

  double mask = 0.6;
  std::int64_t unit = 2;

 private:
  void make(const nn::VisionTransformer& transformer, const nn::NetworkInfo& info) override {
    const auto channels = static_cast<std::int64_t>(info.preprocessing.planes());
    mask_token_ = register_parameter("mask_token", torch::zeros({1, 1, transformer.width()}));
    paint_ = register_module("paint", std::make_shared<nn::Projection>(
                                          transformer.width(), patch() * patch() * channels));
    nn::start_transformer(*paint_);
    nn::start_token(mask_token_);
  }

  torch::Tensor draw_masks(std::int64_t rows, std::int64_t side) const override {
    return random_units(rows, side, unit, mask);
  }

  Reconstructed run(nn::VisionTransformer& transformer, const torch::Tensor& images,
                    const torch::Tensor& hidden) const override {
    const torch::Tensor painted =
        paint_->forward(encode_hidden(transformer, images, hidden, mask_token_))
            .to(images.scalar_type());
    const torch::Tensor pixels = patches_of(images, patch());
    const torch::Tensor error = (painted - pixels).abs().sum(-1) * hidden;
    const torch::Tensor count = hidden.sum(1).to(pixels.scalar_type()) * pixels.size(-1);
    return {hidden, error.sum(1) / (count + 1e-5), painted.detach()};
  }

  torch::Tensor mask_token_;
  std::shared_ptr<nn::Projection> paint_;
};

}  // namespace

namespace methods {
MethodInfo simmim() {
  return describe_method<SimMim>(
      {.name = "simmim",
       .role = MethodRole::whole,
       .repeats = true,
       .summary = "SimMIM: a learned token stands for hidden patches, a linear layer paints them.",
       .formula = "sum over hidden pixels |p(f(x)) - x| / (hidden pixels + 1e-5)",
       .paper =
           "Xie, Zhang, Cao, Lin, Bao, Yao, Dai, Hu, SimMIM: A Simple Framework for Masked Image "
           "Modeling, CVPR 2022, arXiv:2111.09886",
       .needs = {.labels = false},
       .parameters = {
           method_parameter(&SimMim::mask, mask_parameter()),
           method_parameter(&SimMim::unit, {.name = "unit",
                                            .doc = "patches along a side of what is hidden or seen "
                                                   "as one",
                                            .min = 1,
                                            .max = 1024})}});
}
}  // namespace methods
}  // namespace nescio::train
