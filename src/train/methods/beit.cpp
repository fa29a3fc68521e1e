// BEiT: hidden patches are replaced by one learned token, and the network is to say which visual word each was.
//   L = - mean over hidden patches of the batch  log softmax(h(f(x)))_z,   z: the patch's word
// Patches are hidden in blocks, whose number differs from picture to picture a little. Words come from k-means
// over contrast-normalised patches, found before the first step, or from a file that vq_vae has written. The
// authors' tokenizer (DALL-E's encoder, 8,192 words) is a pickled program and not read.
#include <cmath>

#include "nn/transformer_block.h"
#include "train/masked_modelling.h"
#include "train/tokenizer.h"

namespace nescio::train {
namespace {

class Beit final : public MaskedModelling {
 public:
  Beit() : MaskedModelling("beit") {}

  double mask = 0.4;
  std::int64_t smallest = 4;
  std::string tokens = "512";

  void on_fresh_start(const RunStart& start) override {
    if (!found_here_) return;
    constexpr std::int64_t enough = 200'000;
    found_here_->fit(
        sample_patches(start.data, start.upload, patch(), enough, start.workers, start.progress));
  }

 private:
  void make(const nn::VisionTransformer& transformer, const nn::NetworkInfo& info) override {
    const auto channels = static_cast<std::int64_t>(info.preprocessing.planes());
    if (tokens.find_first_not_of("0123456789") == std::string::npos && !tokens.empty()) {
      const long long codes = parse_integer(tokens, "tokens");
      if (codes < 2 || codes > 65536) fail_usage("tokens=", codes, ": expected 2 to 65536");
      found_here_ =
          register_module("tokenizer", std::make_shared<PatchCodes>(codes, patch(), channels));
      tokenizer_ = found_here_;
    } else {
      tokenizer_ =
          read_tokenizer(tokens, patch(), channels);  // in no checkpoint: it is in its file
    }
    mask_token_ = register_parameter("mask_token", torch::zeros({1, 1, transformer.width()}));
    say_ = register_module(
        "say", std::make_shared<nn::Projection>(transformer.width(), tokenizer_->codes()));
    nn::start_transformer(*say_);
    nn::start_token(mask_token_);
  }

  torch::Tensor draw_masks(std::int64_t rows, std::int64_t side) const override {
    const auto count = std::llround(mask * static_cast<double>(side * side));
    if (count < smallest) {
      fail_usage("mask=", mask, ": of ", side * side, " patches ", count,
                 " would be hidden, fewer than smallest=", smallest);
    }
    // A mean over the hidden patches of all pictures: one with more of them counts for more.
    const torch::Tensor hidden = blockwise_masks(rows, side, count, smallest).to(torch::kFloat32);
    return hidden * (static_cast<double>(rows) / hidden.sum());
  }

  Reconstructed run(nn::VisionTransformer& transformer, const torch::Tensor& images,
                    const torch::Tensor& masks) const override {
    const torch::Tensor hidden = masks.gt(0);
    tokenizer_->to(images.device());
    const torch::Tensor words = tokenizer_->tokens(images);
    const torch::Tensor said =
        say_->forward(encode_hidden(transformer, images, hidden, mask_token_))
            .to(images.scalar_type());
    const torch::Tensor error =
        at::cross_entropy_loss(said.transpose(1, 2), words, {}, at::Reduction::None);
    return {hidden, (error * masks).sum(1), {}};
  }

  std::shared_ptr<PatchCodes> found_here_;  // null where the words come from a file
  std::shared_ptr<Tokenizer> tokenizer_;
  torch::Tensor mask_token_;
  std::shared_ptr<nn::Projection> say_;
};

}  // namespace

namespace methods {
MethodInfo beit() {
  return describe_method<Beit>(
      {.name = "beit",
       .role = MethodRole::whole,
       .repeats = true,
       .summary = "BEiT: the network says which visual words the hidden patches were.",
       .formula = "- mean over hidden patches log softmax(h(f(x)))_z, z the patch's word",
       .paper = "Bao, Dong, Piao, Wei, BEiT: BERT Pre-Training of Image Transformers, ICLR 2022, "
                "arXiv:2106.08254",
       .needs = {.labels = false},
       .parameters = {
           method_parameter(&Beit::mask, mask_parameter()),
           method_parameter(&Beit::smallest, {.name = "smallest",
                                              .doc = "patches of a block that is hidden; the paper "
                                                     "has 16 of 196",
                                              .min = 1,
                                              .max = 65536}),
           method_parameter(&Beit::tokens,
                            {.name = "tokens",
                             .doc = "how many words k-means finds in the training pictures' "
                                    "patches, or tokenizer.safetensors of a run of vq_vae"})}});
}
}  // namespace methods
}  // namespace nescio::train
