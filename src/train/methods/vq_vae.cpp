// A small vector-quantised autoencoder, whose codes are visual words for beit.
//   L = |d(q) - x|^2 + |sg(e) - q|^2 + beta |e - sg(q)|^2,   e = e(x), q: the nearest code; d e takes the gradient of q
// means over values. The network of the run gives the size of patches and the pictures, and is not trained;
// tokenizer.safetensors is what the run is for.
#include "image/datasets/subset.h"
#include "image/loading/loader.h"
#include "nn/autocast.h"
#include "train/masked_images.h"
#include "train/tokenizer.h"

namespace nescio::train {
namespace {

class VqVae final : public TrainingMethod {
 public:
  std::int64_t codes = 512, width = 64;
  double beta = 0.25;

  bool trains(const std::string&) const override { return false; }
  Choice chosen_by() const override { return {"loss", false}; }

  void on_make(const MadeFor& made_for) override {
    const std::int64_t patch = transformer_of(made_for.network, made_for.info.name).patch();
    const auto planes = static_cast<std::int64_t>(made_for.info.preprocessing.planes());
    encoder_ = register_module("encoder", std::make_shared<VqEncoder>(codes, width, patch, planes));
    using Convolution = torch::nn::Conv2dOptions;
    decoder_ = register_module(
        "decoder",
        torch::nn::Sequential(
            torch::nn::Conv2d(Convolution(width, width, 3).padding(1)), torch::nn::ReLU(),
            torch::nn::ConvTranspose2d(
                torch::nn::ConvTranspose2dOptions(width, width, patch).stride(patch)),
            torch::nn::ReLU(), torch::nn::Conv2d(Convolution(width, planes, 3).padding(1))));
  }

  /// Codes begin at what the encoder says about some patches: codes that no patch is near never learn.
  void on_fresh_start(const RunStart& start) override {
    const torch::NoGradGuard no_gradients;
    const image::SomePictures some(start.data, 256);
    image::Loader loader(some, start.upload.preprocessing(),
                         {.batch = 256, .bytes = start.upload.wants_bytes()});
    image::ImageBatch batch;
    if (!loader.next(batch)) return;
    const torch::Tensor found = encoder_->encode(start.upload(batch)).flatten(0, 1);
    const torch::Tensor which = torch::randint(found.size(0), {codes}, torch::kInt64);
    torch::Tensor& codebook = encoder_->codebook();
    codebook.copy_(found.index_select(0, which.to(found.device())));
    codebook.add_(0.01 * torch::randn(codebook.sizes()).to(codebook.device()));
  }

  torch::Tensor loss(TrainingStep& step) override {
    const nn::Bfloat16 precision(step.images.device().type(), step.bfloat16);
    step.rows += step.images.size(0);
    const Found found = run(step.images);
    return step.term("image", step.of_images(found.image.mean())) +
           step.term("codes", step.of_images(found.codes.mean()));
  }

  Sums measures(nn::Network&, const torch::Tensor& images, const torch::Tensor&) const override {
    const Found found = run(images);
    return {{"loss", (found.image + found.codes).sum()}, {"image", found.image.sum()}};
  }

  std::optional<Reconstruction> reconstruct(nn::Network&,
                                            const torch::Tensor& images) const override {
    return Reconstruction{.shown = images, .made = run(images).made};
  }

  std::map<std::string, std::map<std::string, torch::Tensor>> further_files(
      const nn::Network&) const override {
    return {{"tokenizer", tokenizer_tensors(*encoder_)}};
  }

 private:
  struct Found {
    torch::Tensor image, codes;  // [B]: the two parts of the loss
    torch::Tensor made;          // [B, c, h, w]
  };

  Found run(const torch::Tensor& images) const {
    const torch::Tensor e = encoder_->encode(images).to(images.scalar_type());
    const torch::Tensor q = encoder_->nearest(e).second;
    const torch::Tensor straight = e + (q - e).detach();
    const std::int64_t side = images.size(2) / encoder_->patch();
    const torch::Tensor made = torch::nn::Sequential(decoder_)->forward(
        straight.transpose(1, 2).reshape({images.size(0), width, side, -1}));
    const torch::Tensor apart = (q - e.detach()).square() + beta * (e - q.detach()).square();
    return {(made.to(images.scalar_type()) - images).square().flatten(1).mean(1),
            apart.flatten(1).mean(1), made};
  }

  std::shared_ptr<VqEncoder> encoder_;
  torch::nn::Sequential decoder_{nullptr};
};

}  // namespace

namespace methods {
MethodInfo vq_vae() {
  return describe_method<VqVae>(
      {.name = "vq_vae",
       .role = MethodRole::whole,
       .repeats = true,
       .summary = "A vector-quantised autoencoder of patches, the tokenizer of beit.",
       .formula = "|d(q) - x|^2 + |sg(e) - q|^2 + beta |e - sg(q)|^2, q the code nearest to e(x)",
       .paper = "van den Oord, Vinyals, Kavukcuoglu, Neural Discrete Representation Learning, "
                "NeurIPS 2017, arXiv:1711.00937",
       .needs = {.labels = false},
       .parameters = {
           method_parameter(&VqVae::codes,
                            {.name = "codes", .doc = "visual words", .min = 2, .max = 65536}),
           method_parameter(&VqVae::width,
                            {.name = "width", .doc = "of a code", .min = 1, .max = 65536}),
           method_parameter(&VqVae::beta, {.name = "beta",
                                           .doc = "how strongly the encoder is held to its codes",
                                           .min = 0,
                                           .max = 1000})}});
}
}  // namespace methods
}  // namespace nescio::train
