// Every network against the same one written in Python: equal names, shapes, logits and features.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "nn/network.h"
#include "nn/staged_network.h"
#include "nn/test_weights.h"

namespace nescio::nn {
namespace {

using testing::HasSubstr;

/// Fills tensors 1, 2, ... in the order of their names with made_up_numbers(count, that), scaled so
/// that values stay of the same size from layer to layer.
void fill(Network& network) {
  std::uint32_t number = 0;
  for (const auto& [name, tensor] : tensors_of(network)) {
    if (name.ends_with("num_batches_tracked")) continue;
    std::vector<float> values = made_up_numbers(static_cast<std::size_t>(tensor.numel()), ++number);
    float offset = 0, scale = 0.2f;
    if (tensor.dim() > 1) {
      scale =
          std::sqrt(3.0f * static_cast<float>(tensor.size(0)) / static_cast<float>(tensor.numel()));
    } else if (name.ends_with("running_var")) {
      offset = 1, scale = 0.5f;
    } else if (name.ends_with("weight")) {
      offset = 1, scale = 0.3f;
    }
    for (float& value : values) value = offset + scale * value;
    tensor.copy_(torch::from_blob(values.data(), tensor.sizes()));
  }
}

/// What the modules of the source that a network is named after (torchvision, OpenOOD,
/// andreasveit/densenet-pytorch, hendrycks/outlier-exposure) give in PyTorch 2.13, in double, for
/// fill() with 5 classes and the second of two pictures made_up_numbers(2 * planes * side * side, 99).
struct Reference {
  const char* name;
  std::int64_t parameters;  // as published, with the published number of classes
  std::int64_t side;
  std::array<double, 5> logits;
  double features;  // sum over both pictures
};

constexpr Reference references[] = {
    {"resnet18", 11689512, 64, {2.10381, -0.477729, -2.84534, -1.65408, 1.11303}, 929.197},
    {"resnet18", 11689512, 97, {1.75675, -0.805793, -3.58268, -2.16417, 0.892256}, 1118.01},
    {"resnet34", 21797672, 64, {1.12193, -1.81481, -4.52614, -4.1051, -7.2638}, 3510.13},
    {"resnet50", 25557032, 64, {0.341344, -0.330208, 0.413666, -2.18801, -1.59352}, 4813.15},
    {"resnet101", 44549160, 64, {7.40492, 5.30406, -11.6602, -1.33135, 1.62716}, 23146.8},
    {"resnet18_32x32", 11173962, 32, {1.01087, -0.503878, -2.07119, -1.57472, 0.770446}, 669.059},
    {"squeezenet1_0", 1248424, 64, {0, 0.210947, 0.0221733, 0, 0}, 58.018},
    {"squeezenet1_0", 1248424, 97, {0, 0.211384, 0.0134712, 0, 0}, 58.6248},
    {"densenet_bc_100_12",
     769162,
     32,
     {-0.162226, 0.114879, -0.0233197, -0.104572, 0.0319949},
     62.7479},
    {"densenet_bc_100_12_nonaffine",
     745174,
     32,
     {-0.108656, 0.019394, -0.200377, -0.0748073, 0.0150866},
     54.8593},
    {"wrn_40_2", 2243546, 32, {-1.01933, 0.492073, -1.71809, -2.27941, 0.665376}, 160.714},
    {"wrn_40_4", 8949210, 32, {-2.21374, -1.71319, -3.24487, -1.69408, 2.06738}, 1153.52},
    {"wrn_28_10", 36479194, 32, {1.44927, 0.398231, -1.10132, -0.37042, -0.578946}, 679.119},
    {"mnist_convnet", 21840, 28, {0.247453, -0.438624, 0.589992, 0.219298, -0.35394}, 10.1866},
};

TEST(Networks, ComputeWhatPyTorchDoes) {
  const torch::NoGradGuard no_gradients;
  std::shared_ptr<Network> network;
  std::string made;
  for (const Reference& reference : references) {
    if (made != reference.name) {
      made = reference.name;
      network = find_network(made).make(5);
      network->eval();
      fill(*network);
    }
    const std::int64_t side = reference.side;
    const auto planes = static_cast<std::int64_t>(find_network(made).preprocessing.planes());
    auto images = made_up_numbers(static_cast<std::size_t>(2 * planes * side * side), 99);
    const auto outputs = network->forward(torch::from_blob(images.data(), {2, planes, side, side}));
    double largest = 0;
    for (const double logit : reference.logits) largest = std::max(largest, std::abs(logit));
    for (std::int64_t c = 0; c < 5; ++c) {
      EXPECT_NEAR(outputs.logits[1][c].item<double>(),
                  reference.logits[static_cast<std::size_t>(c)], 1e-4 * largest)
          << made << " " << side;
    }
    EXPECT_NEAR(outputs.features.sum().item<double>(), reference.features,
                1e-4 * reference.features)
        << made << " " << side;
  }
}

TEST(Networks, HaveThePublishedNumberOfParameters) {
  for (const Reference& reference : references) {
    const NetworkInfo& info = find_network(reference.name);
    const auto network = info.make(1);
    std::int64_t count = 0;
    for (const torch::Tensor& tensor : network->parameters()) count += tensor.numel();
    // Each further class adds a row of the last layer and an element of its bias.
    const auto width = network->named_parameters()[info.head + ".weight"].size(1);
    EXPECT_EQ(count + (info.classes - 1) * (width + 1), reference.parameters) << info.name;
  }
}

/// Mean square of a kernel times half of its fan: 1 after He et al.
double variance(const torch::Tensor& kernel, std::int64_t inputs_or_outputs) {
  const std::int64_t fan = kernel.size(inputs_or_outputs) * kernel[0][0].numel();
  return kernel.square().mean().item<double>() * static_cast<double>(fan) / 2;
}

TEST(Networks, StartAsTheirReferenceCodeDoes) {
  torch::manual_seed(1);
  struct Start {
    const char *network, *kernel;
    std::int64_t fan;  // 0: of the outputs, 1: of the inputs
  };
  // Of n numbers the variance is known to sqrt(2 / n): 1 % for these.
  for (const Start& start : {Start{"wrn_40_2", "block2.layer.0.conv1.weight", 0},
                             Start{"wrn_40_2", "block3.layer.0.convShortcut.weight", 0},
                             Start{"densenet_bc_100_12", "trans1.conv1.weight", 0},
                             Start{"densenet_bc_100_12_nonaffine", "trans1.conv1.weight", 1},
                             Start{"resnet18", "layer2.0.conv1.weight", 0},
                             Start{"resnet20", "layer3.0.conv1.weight", 1},
                             Start{"squeezenet1_0", "features.12.squeeze.weight", 1}}) {
    const auto network = find_network(start.network).make(10);
    EXPECT_NEAR(variance(tensors_of(*network).at(start.kernel), start.fan), 1, 0.06)
        << start.network << " " << start.kernel;
  }
  const auto tensors = tensors_of(*find_network("wrn_40_2").make(10));
  EXPECT_TRUE(tensors.at("fc.bias").eq(0).all().item<bool>());
  EXPECT_TRUE(tensors.at("bn1.weight").eq(1).all().item<bool>());
  const auto nonaffine = tensors_of(*find_network("densenet_bc_100_12_nonaffine").make(10));
  EXPECT_FALSE(nonaffine.at("fc.bias").eq(0).any().item<bool>());
  // OpenOOD's file starts nothing itself: PyTorch draws uniformly, variance 1 / (3 fan_in).
  const auto plain = tensors_of(*find_network("resnet18_32x32").make(10));
  EXPECT_NEAR(variance(plain.at("layer2.0.conv1.weight"), 1), 1.0 / 6, 0.01);
}

TEST(Networks, AreDesignedByTheirSpecs) {
  EXPECT_EQ(design_network("wrn_40_2").name(), "wrn_40_2");
  EXPECT_EQ(design_network("wrn_40_2(dropout=0.3)").name(), "wrn_40_2");
  const DesignedNetwork changed = design_network("wrn_40_2(affine=false, dropout=0)");
  EXPECT_EQ(changed.name(), "wrn_40_2(dropout=0,affine=false)");
  const auto network = changed.design->make(3);
  EXPECT_FALSE(tensors_of(*network).contains("bn1.weight"));
  EXPECT_TRUE(tensors_of(*network).contains("bn1.running_mean"));
  EXPECT_EQ(design_network("densenet_bc_100_12_nonaffine(affine=true)").name(),
            "densenet_bc_100_12_nonaffine(affine=true)");
  const auto fault = [](const char* spec) {
    try {
      design_network(spec);
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(fault("wrn_40_3"), HasSubstr("Did you mean"));
  EXPECT_THAT(fault("wrn_40_2(dropot=0)"), HasSubstr("Did you mean 'dropout'"));
  EXPECT_THAT(fault("wrn_40_2(dropout=1)"), HasSubstr("dropout"));
  EXPECT_THAT(fault("resnet20(dropout=0)"), HasSubstr("It has none"));
  EXPECT_THAT(fault("resnet20+resnet32()"), HasSubstr("expected one"));
}

TEST(Networks, WithoutDropoutAreTheSameInTraining) {
  const torch::NoGradGuard no_gradients;
  for (const char* spec : {"wrn_40_2(dropout=0)", "densenet_bc_100_12"}) {
    torch::manual_seed(1);
    const auto network = design_network(spec).design->make(4);
    const torch::Tensor images = torch::rand({2, 3, 32, 32});
    EXPECT_TRUE(network->forward(images).logits.equal(network->forward(images).logits)) << spec;
  }
  torch::manual_seed(1);
  const auto dropping = design_network("densenet_bc_100_12(dropout=0.2)").design->make(4);
  const torch::Tensor images = torch::rand({2, 3, 32, 32});
  EXPECT_FALSE(dropping->forward(images).logits.equal(dropping->forward(images).logits));
}

TEST(Networks, GiveWhatLiesBetweenTheirStages) {
  const torch::NoGradGuard no_gradients;
  for (const NetworkInfo& info : networks::catalogue()) {
    // Of every family the members of moderate size.
    std::int64_t numbers = 0;
    for (const auto& p : info.design()->outline(3)->parameters()) numbers += p.numel();
    if (numbers > 30'000'000) continue;
    const auto network = info.make(3);
    network->eval();
    auto& staged = dynamic_cast<StagedNetwork&>(*network);
    const auto planes = static_cast<std::int64_t>(info.preprocessing.planes());
    const std::int64_t side = info.preprocessing.height > 32 ? 64 : 32;
    const torch::Tensor images =
        torch::rand({2, planes, planes == 1 ? 28 : side, planes == 1 ? 28 : side});
    const auto names = network->tap_names();
    ASSERT_EQ(names.size(), static_cast<std::size_t>(staged.stages())) << info.name;
    Taps taps;
    for (const std::string& name : names) taps[name];
    ASSERT_EQ(taps.size(), names.size()) << info.name << ": names that stand twice";
    const NetworkOutputs said = network->forward_with(taps, images);
    EXPECT_TRUE(said.logits.equal(network->forward(images).logits)) << info.name;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const torch::Tensor expected = staged.run(images, 0, static_cast<std::int64_t>(i) + 1);
      EXPECT_TRUE(taps.at(names[i]).equal(expected)) << info.name << ' ' << names[i];
      // Each is called as the module that it comes from.
      bool known = names[i].find('.') != std::string::npos;
      for (const auto& child : network->named_children()) known |= child.key() == names[i];
      EXPECT_TRUE(known) << info.name << ' ' << names[i];
    }
  }
}

TEST(Networks, DropOutOnlyInTraining) {
  const torch::NoGradGuard no_gradients;
  torch::manual_seed(1);
  for (const char* name : {"wrn_40_2", "mnist_convnet"}) {
    const auto network = find_network(name).make(10);
    const image::Preprocessing& p = find_network(name).preprocessing;
    const auto side = static_cast<std::int64_t>(p.height);
    const torch::Tensor images =
        torch::rand({4, static_cast<std::int64_t>(p.planes()), side, side});
    const auto twice = [&] {
      return network->forward(images).logits.equal(network->forward(images).logits);
    };
    EXPECT_FALSE(twice()) << name;
    network->eval();
    EXPECT_TRUE(twice()) << name;
  }
}

TEST(Networks, DescribeThemselves) {
  for (const NetworkInfo& info : networks::catalogue()) {
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_FALSE(info.paper.empty()) << info.name;
    EXPECT_FALSE(info.weights.empty()) << info.name;
    EXPECT_GT(info.classes, 0) << info.name;
    EXPECT_NO_THROW(image::Preprocessor{info.preprocessing}) << info.name;
    EXPECT_EQ(&find_network(info.name), &info);
    for (const Adapter& other : info.also_reads) {
      EXPECT_NO_THROW(image::Preprocessor{other.preprocessing}) << other.source;
    }
  }
}

TEST(Networks, AnUnknownNameIsAnsweredWithTheNearest) {
  try {
    find_network("resnet21");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("Did you mean 'resnet20'"));
  }
}

}  // namespace
}  // namespace nescio::nn
