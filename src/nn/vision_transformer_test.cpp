// Vision transformers against plain definitions in Python (testdata/make_transformers.py), in the layouts
// of the public files; their encoder, their taps, and what training asks of them.
#include "nn/vision_transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/model.h"
#include "nn/position_tables.h"
#include "nn/test_weights.h"

namespace nescio::nn {
namespace {

using testing::HasSubstr;

constexpr const char* sizes = "width=8,depth=2,heads=2";
constexpr const char* small_sizes = "width=12,depth=2,heads=3";

Model load(const std::string& network, const std::string& file, const std::string& options = "") {
  return Model::load(text(network, ":" NESCIO_NN_TESTDATA "/", file, ".safetensors", options),
                     "cpu");
}

std::vector<float> pictures(const Model& model) {
  const image::Preprocessing& p = model.preprocessing();
  return made_up_numbers(2 * 3 * p.height * p.width, 99);
}

/// In shares of the largest value.
double largest_difference(const Array& found, const Array& expected) {
  EXPECT_EQ(found.shape(), expected.shape());
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    const double a = found.as<float>()[i], b = expected.as<float>()[i];
    difference = std::max(difference, std::abs(a - b));
    largest = std::max(largest, std::abs(b));
  }
  return largest > 0 ? difference / largest : difference;
}

/// Logits, features and taps as the script has them under this name.
void expect_as_python(const Model& model, const std::string& name) {
  const auto expected = io::read_safetensors(NESCIO_NN_TESTDATA "/expected.safetensors").tensors;
  const std::vector<std::string> taps = {"cls", "mean", "layer1", "layer2", "layer1_cls"};
  std::vector<std::string> asked;
  for (const std::string& tap : taps) asked.push_back(runtime::Backbone::pooled(tap));
  const auto said = model.forward(pictures(model), asked);
  EXPECT_LT(largest_difference(said.logits, expected.at(name + ".logits")), 2e-5) << name;
  EXPECT_LT(largest_difference(said.features, expected.at(name + ".features")), 2e-5) << name;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    EXPECT_LT(largest_difference(said.taps[i], expected.at(name + "." + taps[i])), 2e-5)
        << name << ' ' << taps[i];
  }
}

std::string of(const std::string& network, const std::string& parameters = sizes) {
  return text(network, "(", parameters, ")");
}

TEST(VisionTransformer, SaysWhatThePublishedDefinitionsDo) {
  expect_as_python(load(of("vit_base_patch16_224"), "timm"), "timm224");
  expect_as_python(load(of("vit_base_patch16_224"), "torchvision"), "torchvision");
  expect_as_python(load(of("beit_base_patch16_224"), "beit"), "beit224");
  expect_as_python(load(of("beitv2_base_patch16_224"), "beit"), "beit224");
  expect_as_python(load(of("vit_t4_32", small_sizes), "vit_t4_32"), "vit_t4_32");
  expect_as_python(load(of("vit_t2_32", small_sizes), "vit_t2_32"), "vit_t2_32");
}

TEST(VisionTransformer, ReadsTheEncoderOfPretextFiles) {
  const Model copied = load(of("beit_base_patch16_224"), "beit_pretrained");
  expect_as_python(copied, "beit_pretrained");
  EXPECT_THAT(copied.notices().back(), HasSubstr("an encoder without a last layer"));
  // One table for all blocks says the same as a copy in each.
  expect_as_python(
      load(of("beit_base_patch16_224", text(sizes, ",positions=shared")), "beit_pretrained"),
      "beit_pretrained");
  expect_as_python(load(of("mae_vit_base_patch16_224"), "mae"), "mae");
  expect_as_python(load(of("mae_vit_base_patch16_224", text(sizes, ",use_cls=true")), "mae"),
                   "mae_cls");
}

TEST(VisionTransformer, StretchesItsPositionsOverOtherPictures) {
  for (const int side : {160, 256}) {
    const std::string options = text("?size=", side, "&short_side=0");
    expect_as_python(load(of("vit_base_patch16_224"), "timm", options), text("timm", side));
    expect_as_python(load(of("beit_base_patch16_224"), "beit", options), text("beit", side));
  }
  expect_as_python(load(of("vit_t4_32", small_sizes), "vit_t4_32", "?size=48"), "vit_t4_48");
}

TEST(VisionTransformer, ReadsWhatWasTrainedOnPicturesOfAnotherSide) {
  const io::TestFolder folder;
  Tensors tensors = io::read_safetensors(NESCIO_NN_TESTDATA "/timm.safetensors").tensors;
  const Array& own = tensors.at("pos_embed");  // [1, 1 + 14^2, 8]
  const torch::Tensor table =
      torch::tensor(std::vector<float>(own.as<float>().begin(), own.as<float>().end()))
          .reshape({-1, 8});
  tensors.insert_or_assign("pos_embed", to_array(resized_positions(table, 1, 10).unsqueeze(0)));
  io::write_safetensors(folder / "timm160.safetensors", tensors);
  const auto load = [&](const std::string& parameters) {
    return Model::load(text("vit_base_patch16_224(", sizes, parameters,
                            "):", (folder / "timm160.safetensors").string()),
                       "cpu");
  };
  const Model model = load(",side=160");
  expect_as_python(model, "timm160");
  EXPECT_EQ(model.preprocessing().short_side, 177u);  // 248 of 224, as timm rounds it
  EXPECT_EQ(model.preprocessing().width, 160u);
  EXPECT_THAT(io::error_of([&] { load(""); }),
              HasSubstr("pos_embed: expected [1, 197, 8], found [1, 101, 8]"));
}

TEST(VisionTransformer, TellsInputsByTheLayoutOfTheFile) {
  EXPECT_EQ(load(of("vit_base_patch16_224"), "timm").preprocessing().mean[0], 0.5);
  EXPECT_EQ(load(of("vit_base_patch16_224"), "torchvision").preprocessing().mean[0], 0.485);
}

std::int64_t parameters_of(const std::string& spec, std::int64_t classes) {
  std::int64_t count = 0;
  const auto network = design_network(spec).design->outline(classes);
  for (const torch::Tensor& tensor : network->parameters()) count += tensor.numel();
  return count;
}

TEST(VisionTransformer, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(parameters_of("vit_tiny_patch16_224", 1000), 5717416);
  EXPECT_EQ(parameters_of("vit_small_patch16_224", 1000), 22050664);
  EXPECT_EQ(parameters_of("vit_base_patch16_224", 1000), 86567656);
  EXPECT_EQ(parameters_of("vit_base_patch16_384", 1000), 86859496);
  EXPECT_EQ(parameters_of("vit_large_patch16_224", 1000), 304326632);
  EXPECT_EQ(parameters_of("beit_base_patch16_224", 1000), 86530984);
  EXPECT_EQ(parameters_of("beitv2_base_patch16_224", 1000), 86530984);
  EXPECT_EQ(parameters_of("beit_large_patch16_224", 1000), 304430568);
  EXPECT_EQ(parameters_of("mae_vit_base_patch16_224", 1000), 86567656);
  EXPECT_EQ(parameters_of("vit_t4_32(positions=relative)", 10), 4023574);
  EXPECT_EQ(parameters_of("vit_t4_32", 10), 4023574 - 9 * 228 * 3);
  EXPECT_EQ(parameters_of("vit_t2_32", 10), 775450);
}

std::shared_ptr<VisionTransformer> make(const std::string& spec) {
  torch::manual_seed(1);
  const auto network =
      std::dynamic_pointer_cast<VisionTransformer>(design_network(spec).design->make(4));
  network->eval();
  return network;
}

constexpr const char* tiny = "vit_t4_32(width=12,depth=3,heads=3,positions=";

TEST(VisionTransformer, EncodesWhatItSees) {
  const torch::NoGradGuard no_gradients;
  for (const char* positions : {"sine", "learned", "relative", "shared"}) {
    const auto network = make(text(tiny, positions, ",use_cls=true)"));
    for (torch::Tensor& p : network->parameters()) {
      p.add_(torch::randn_like(p), 0.3);  // tables of relative positions start at 0
    }
    const torch::Tensor images = torch::randn({2, 3, 32, 32});
    const torch::Tensor tokens = network->embed(images);
    ASSERT_EQ(shape_of(tokens), (Shape{2, 64, 12}));
    const torch::Tensor seen = network->encode(tokens);
    ASSERT_EQ(shape_of(seen), (Shape{2, 65, 12}));
    EXPECT_TRUE(seen.select(1, 0).allclose(network->forward(images).features, 1e-4, 1e-5));
    // All patches in another order: the same tokens in that order.
    const torch::Tensor order = torch::stack({torch::randperm(64), torch::randperm(64)});
    const torch::Tensor moved = network->encode(tokens, order);
    const torch::Tensor index = order.unsqueeze(2).expand({2, 64, 12});
    EXPECT_TRUE(moved.slice(1, 1).allclose(seen.slice(1, 1).gather(1, index), 1e-4, 1e-5))
        << positions;
    EXPECT_TRUE(moved.select(1, 0).allclose(seen.select(1, 0), 1e-4, 1e-5)) << positions;
    // What is left out is not seen.
    const torch::Tensor kept = order.slice(1, 0, 16);
    torch::Tensor other = tokens.clone();
    other.scatter_(1, index.slice(1, 16), 5.0f);
    const torch::Tensor some = network->encode(tokens, kept);
    ASSERT_EQ(shape_of(some), (Shape{2, 17, 12}));
    EXPECT_TRUE(some.equal(network->encode(other, kept))) << positions;
    EXPECT_FALSE(some.slice(1, 1).allclose(moved.slice(1, 1, 17), 1e-4, 1e-5)) << positions;
  }
}

TEST(VisionTransformer, CanBeDifferentiatedAfterItWasAskedWithoutGradients) {
  for (const char* positions : {"sine", "relative"}) {
    const auto network = make(text(tiny, positions, ")"));
    const torch::Tensor images = torch::randn({2, 3, 48, 48});  // its tables are stretched
    {
      const c10::InferenceMode inference;
      network->forward(images);
    }
    network->forward(images).logits.square().sum().backward();
    for (const auto& item : network->named_parameters()) {
      EXPECT_TRUE(item.value().grad().defined()) << positions << ' ' << item.key();
    }
  }
}

TEST(VisionTransformer, DropsPathsOfWholePicturesInTrainingOnly) {
  const torch::NoGradGuard no_gradients;
  const auto network = make("vit_t4_32(width=12,depth=2,heads=3,drop_path=0.4)");
  const torch::Tensor images = torch::randn({1, 3, 32, 32}).expand({1000, 3, 32, 32});
  const torch::Tensor one = images.slice(0, 0, 1);
  EXPECT_TRUE(network->forward(one).logits.equal(network->forward(one).logits));
  const torch::Tensor before = network->run(images, 0, 2);  // the first block never drops
  network->train();
  ASSERT_TRUE(network->run(images, 0, 2).allclose(before, 1e-4, 1e-6));
  torch::manual_seed(5);
  const torch::Tensor after = network->run(before, 2, 3);
  torch::manual_seed(5);
  EXPECT_TRUE(network->run(before, 2, 3).equal(after)) << "its numbers are the generator's";
  // Both halves are left out with probability 0.4 each: then a picture stays as it was, every token.
  const torch::Tensor same = (after - before).abs().flatten(1).amax(1) == 0;
  EXPECT_NEAR(same.to(torch::kFloat64).mean().item<double>(), 0.16, 0.05);
  // The others are scaled to make up for it: of the first half the mean stays.
  network->eval();
  const torch::Tensor whole = network->run(before.slice(0, 0, 1), 2, 3);
  const double moved = (whole - before.slice(0, 0, 1)).norm().item<double>();
  const double error = (after.mean(0) - whole[0]).norm().item<double>();
  EXPECT_LT(error, 0.1 * moved);
}

TEST(VisionTransformer, KnowsHowDeepItsParametersLieAndWhichDecay) {
  // Spec 13 (8): twelve blocks at a decay of .65 for each layer.
  const auto network = design_network("beit_base_patch16_224(positions=shared)").design->outline(3);
  const auto depths = network->depths();
  const auto last = depths.at("head.weight");
  const auto scale = [&](const char* name) {
    return std::pow(0.65, static_cast<double>(last - depths.at(name)));
  };
  EXPECT_EQ(last, 13);
  EXPECT_DOUBLE_EQ(scale("cls_token"), std::pow(0.65, 13));
  EXPECT_DOUBLE_EQ(scale("patch_embed.proj.weight"), std::pow(0.65, 13));
  EXPECT_DOUBLE_EQ(scale("blocks.0.attn.q_bias"), std::pow(0.65, 12));
  EXPECT_DOUBLE_EQ(scale("blocks.11.mlp.fc2.weight"), 0.65);
  EXPECT_EQ(scale("fc_norm.weight"), 1);
  EXPECT_EQ(scale("rel_pos_bias.relative_position_bias_table"), 1);
  EXPECT_EQ(depths.size(), network->named_parameters().size());

  const auto decays = [](const Network& of, const std::string& name) {
    return of.decays(name, tensors_of(of).at(name));
  };
  EXPECT_FALSE(decays(*network, "cls_token"));
  EXPECT_FALSE(decays(*network, "blocks.3.gamma_1"));
  EXPECT_FALSE(decays(*network, "blocks.3.attn.proj.bias"));
  EXPECT_TRUE(decays(*network, "blocks.3.attn.qkv.weight"));
  EXPECT_TRUE(decays(*network, "rel_pos_bias.relative_position_bias_table"));
  const auto learned = design_network("vit_tiny_patch16_224").design->outline(3);
  EXPECT_FALSE(decays(*learned, "pos_embed"));
}

TEST(VisionTransformer, StartsAsItsReferenceCodeDoes) {
  torch::manual_seed(1);
  const auto tensors = tensors_of(*find_network("vit_t4_32").make(10));
  const auto deviation = [&](const char* name) { return tensors.at(name).std().item<double>(); };
  EXPECT_NEAR(deviation("blocks.8.attn.qkv.weight"), 0.02, 2e-4);
  EXPECT_NEAR(deviation("blocks.0.attn.proj.weight"), 0.02 / std::sqrt(2), 3e-4);
  EXPECT_NEAR(deviation("blocks.8.mlp.fc2.weight"), 0.02 / std::sqrt(18), 1e-4);
  EXPECT_NEAR(deviation("head.weight"), 2e-5, 2e-6);
  EXPECT_NEAR(deviation("cls_token"), 0.02, 3e-3);
  EXPECT_EQ(tensors.at("blocks.4.gamma_2").max().item<float>(), 0.1f);
  EXPECT_EQ(tensors.at("blocks.4.mlp.fc1.bias").abs().max().item<float>(), 0);
}

TEST(VisionTransformer, RefusesWhatDoesNotFit) {
  const auto fault = [](const auto& work) { return io::error_of(work); };
  EXPECT_THAT(fault([] { load(of("vit_t4_32", small_sizes), "vit_t4_32", "?size=30"); }),
              testing::AllOf(HasSubstr("a multiple of the patch, 4, found 30 x 30"),
                             HasSubstr("?size=32")));
  EXPECT_THAT(fault([] { make("vit_t4_32(patch=5)"); }),
              HasSubstr("patch: expected a divisor of the side 32 of the pictures, found 5"));
  EXPECT_THAT(fault([] { make("vit_t4_32(heads=5)"); }),
              HasSubstr("width: expected a multiple of heads = 5, found 192"));
  EXPECT_THAT(fault([] { make("vit_t4_32(width=6)"); }), HasSubstr("a multiple of 4"));
  EXPECT_THAT(fault([] { load("vit_t4_32(width=12,depth=3,heads=3)", "vit_t4_32"); }),
              testing::AllOf(HasSubstr("another network"), HasSubstr("blocks.2.norm1.bias [12]")));
  EXPECT_THAT(fault([] { load(of("vit_base_patch16_224", "width=12,depth=2,heads=2"), "timm"); }),
              HasSubstr("blocks.0.norm1.bias: expected [12], found [8]"));
  const auto network = make("vit_t4_32(width=12,depth=1,heads=3)");
  EXPECT_THAT(fault([&] {
                network->forward(torch::zeros({1, 3, 32, 36}));
              }),
              HasSubstr("found 32 x 36"));
  EXPECT_THAT(fault([&] {
                network->encode(torch::zeros({1, 60, 12}));
              }),
              HasSubstr("the patches of a square, found 60"));
}

TEST(VisionTransformer, WeightsOfAnotherVariantAreAnsweredWithItsName) {
  const io::TestFolder folder;
  const auto save = [&](const std::string& network) {
    Tensors tensors;
    const auto made = find_network(network).design()->outline(10);
    for (const auto& [name, tensor] : tensors_of(*made)) tensors.emplace(name, to_array(tensor));
    io::write_safetensors(folder / "weights.safetensors", tensors);
  };
  const auto fault = [&](const std::string& network) {
    return io::error_of(
        [&] { Model::load(text(network, ":", (folder / "weights.safetensors").string()), "cpu"); });
  };
  save("vit_tiny_patch16_224");
  EXPECT_THAT(fault("vit_small_patch16_224"),
              testing::AllOf(HasSubstr("they fit vit_tiny_patch16_224;"),
                             HasSubstr("blocks.0.norm1.bias: expected [384], found [192]")));
  save("vit_t2_32");
  EXPECT_THAT(fault("vit_t4_32"), HasSubstr("they fit vit_t2_32;"));
}

}  // namespace
}  // namespace nescio::nn
