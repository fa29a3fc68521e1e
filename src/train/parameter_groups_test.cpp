#include "train/parameter_groups.h"

#include <gtest/gtest.h>

#include "nn/model.h"

namespace nescio::train {
namespace {

TrainedParameters groups(const TrainSettings& settings) {
  const nn::NetworkInfo& info = nn::find_network("resnet20");
  return trained_parameters(settings, *info.make(10), info.head, *make_method("cross_entropy"));
}

TEST(ParameterGroups, AreAllEqualUnlessAsked) {
  for (const auto& [name, parameter] : groups({.weight_decay = 0.25})) {
    EXPECT_EQ(parameter.lr_factor, 1) << name;
    EXPECT_EQ(parameter.weight_decay, 0.25) << name;
  }
}

TEST(ParameterGroups, OnlyKernelsDecay) {
  const auto found = groups({.weight_decay = 0.25, .weight_decay_on = "kernels"});
  EXPECT_EQ(found.at("network.conv1.weight").weight_decay, 0.25);
  EXPECT_EQ(found.at("network.linear.weight").weight_decay, 0.25);
  EXPECT_EQ(found.at("network.linear.bias").weight_decay, 0);
  EXPECT_EQ(found.at("network.bn1.weight").weight_decay, 0);
  EXPECT_EQ(found.at("network.layer2.1.bn2.bias").weight_decay, 0);
}

TEST(ParameterGroups, TheLearningRateFallsWithTheDistanceFromTheHead) {
  const auto found = groups({.layer_decay = 0.5, .head_lr = 10});
  EXPECT_EQ(found.at("network.linear.weight").lr_factor, 10);
  EXPECT_EQ(found.at("network.linear.bias").lr_factor, 10);
  EXPECT_EQ(found.at("network.layer3.2.conv1.weight").lr_factor, 0.5);
  EXPECT_EQ(found.at("network.conv1.weight").lr_factor, std::pow(0.5, 10));
  EXPECT_EQ(found.at("network.bn1.weight").lr_factor, std::pow(0.5, 10));
}

TEST(ParameterGroups, WhatIsFrozenIsLeftOut) {
  const nn::NetworkInfo& info = nn::find_network("resnet8");
  const auto network = info.make(3);
  network->named_parameters()["conv1.weight"].set_requires_grad(false);
  const auto found = trained_parameters({}, *network, info.head, *make_method("cross_entropy"));
  EXPECT_FALSE(found.contains("network.conv1.weight"));
  EXPECT_EQ(found.size() + 1, network->parameters().size());
}

}  // namespace
}  // namespace nescio::train
