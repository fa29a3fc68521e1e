#include "train/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/masked_images.h"
#include "train/test_run.h"
#include "train/test_transformer.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

TEST(PatchCodes, FindTheKindsOfPatches) {
  torch::manual_seed(1);
  // Three kinds of patches with a little noise.
  const torch::Tensor kinds = torch::randn({3, 12});
  const torch::Tensor which = torch::arange(300).remainder(3);
  const torch::Tensor patches = kinds.index_select(0, which) + 0.01 * torch::randn({300, 12});
  PatchCodes codes(3, 2, 3);
  codes.fit(patches);
  const torch::Tensor found = codes.named_buffers()["codebook"];
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_LT((found - kinds[k]).square().sum(1).min().item<float>(), 0.01);
  }
  EXPECT_THAT(io::error_of([&] { codes.fit(patches.slice(0, 0, 2)); }),
              HasSubstr("at least as many"));
}

TEST(PatchCodes, SayTheNearestWhateverTheContrast) {
  torch::manual_seed(2);
  PatchCodes codes(16, 4, 3);
  const torch::Tensor images = smooth_pictures(4);
  const torch::Tensor patches = patches_of(images, 4);
  const torch::Tensor normalised =
      (patches - patches.mean(-1, true)) / (patches.std(-1, false, true) + 0.1);
  codes.fit(normalised.flatten(0, 1));
  const torch::Tensor tokens = codes.tokens(images);
  const torch::Tensor book = codes.named_buffers()["codebook"].to(torch::kFloat64);
  for (std::int64_t b = 0; b < 4; ++b) {
    for (std::int64_t n = 0; n < 64; ++n) {
      const torch::Tensor apart = (book - normalised[b][n].to(torch::kFloat64)).square().sum(1);
      const double best = apart.min().item<double>();
      EXPECT_NEAR(apart[tokens[b][n].item<std::int64_t>()].item<double>(), best, 1e-4);
    }
  }
  EXPECT_TRUE(torch::equal(codes.tokens(images + 5), tokens));  // brightness is not in a word
}

TEST(VqVae, IsATokenizerForBeit) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.model = tiny_transformer;
  settings.method = "vq_vae(codes=8,width=8)";
  settings.optimiser = "adamw";
  settings.lr = 0.003;
  settings.steps = 60;
  const TrainResult done = Trainer(settings).run({.out = task.path("vq")});
  EXPECT_EQ(done.measure, "loss");
  EXPECT_LT(*done.best_val, 1.0);
  const std::string file = task.path("vq/tokenizer.safetensors");
  const auto tokenizer = read_tokenizer(file, 4, 3);
  EXPECT_EQ(tokenizer->codes(), 8);
  const torch::Tensor tokens = tokenizer->tokens(smooth_pictures(2));
  EXPECT_EQ(tokens.sizes(), (std::vector<std::int64_t>{2, 64}));
  EXPECT_GT(std::get<0>(at::_unique(tokens)).numel(), 1);  // not all patches are one word

  settings.method = "beit(tokens=" + file + ")";
  EXPECT_NO_THROW(Trainer(settings).run({.out = task.path("beit")}));
  EXPECT_THAT(
      io::error_of([&] { read_tokenizer(file, 8, 3); }),
      HasSubstr("a tokenizer of patches of 4 x 4 in 3 planes; the network has patches of 8 x 8"));
  EXPECT_THAT(io::error_of([&] { read_tokenizer(task.path("vq/last.safetensors"), 4, 3); }),
              HasSubstr("no tokenizer: expected codebook"));
}

}  // namespace
}  // namespace nescio::train
