#include "train/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/test_folder.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

TEST(TrainSettings, PrintAndParseRoundTrip) {
  TrainSettings settings{.model = "resnet8", .data = "npy:x", .steps = 7, .lr = 0.25};
  settings.schedule = "step";
  settings.milestones = "1,2";
  TrainSettings again;
  for (const auto& [key, value] : print_settings(settings)) {
    if (key != "seed") set_parameter(again, train_parameters(), "train:", key, value);
  }
  EXPECT_EQ(print_settings(again), print_settings(settings));
  EXPECT_EQ(again.steps, 7);
  EXPECT_EQ(again.milestones, "1,2");
}

TEST(TrainSettings, WhatIsFreeOnResumeExists) {
  std::vector<std::string> names;
  for (const auto& parameter : train_parameters()) names.push_back(parameter.info.name);
  EXPECT_EQ(std::ranges::count_if(names, is_free_on_resume), 8);
  EXPECT_FALSE(is_free_on_resume("lr"));
}

TEST(TrainSettings, RefusesWhatDoesNotFitTogether) {
  const auto fault = [](const TrainSettings& s) {
    return io::error_of([&] { check_settings(s); });
  };
  EXPECT_EQ(fault({.steps = 1}), "");
  EXPECT_THAT(fault({}), HasSubstr("found none"));
  EXPECT_THAT(fault({.steps = 1, .epochs = 1}), HasSubstr("found both"));
  EXPECT_THAT(fault({.steps = 1, .momentum = 0}), HasSubstr("nesterov"));
  EXPECT_THAT(fault({.steps = 1, .batch = 10, .accumulate = 4}), HasSubstr("batch=10 cannot"));
  EXPECT_THAT(fault({.outliers = "x", .steps = 1, .batch = 8, .outlier_batch = 9, .accumulate = 4}),
              HasSubstr("outlier_batch=9 cannot"));
  EXPECT_THAT(fault({.steps = 1, .lr_min = 1}), HasSubstr("expected at most lr=0.1, found 1"));
}

TEST(TrainSettings, RefusesWhatDoesNothing) {
  const auto fault = [](const TrainSettings& s) {
    return io::error_of([&] { check_settings(s); });
  };
  const auto idle = [](const std::string& what, const std::string& when) {
    return HasSubstr(what + " does nothing here: it counts only with " + when);
  };
  EXPECT_EQ(fault({.steps = 1, .optimiser = "adamw", .beta1 = 0.8}), "");
  EXPECT_THAT(fault({.steps = 1, .optimiser = "adamw", .momentum = 0.5}),
              idle("momentum=0.5", "optimiser=sgd"));
  EXPECT_THAT(fault({.steps = 1, .beta1 = 0.8}), idle("beta1=0.8", "optimiser=adamw"));
  EXPECT_THAT(fault({.steps = 1, .milestones = "5"}), idle("milestones=5", "schedule=step"));
  EXPECT_THAT(fault({.steps = 1, .lr_min = 1e-6, .schedule = "constant"}),
              idle("lr_min=1e-06", "schedule=cosine"));
  EXPECT_THAT(fault({.steps = 1, .outlier_order = "offset"}),
              idle("outlier_order=offset", "outliers="));
  EXPECT_THAT(fault({.steps = 1, .weight_decay = 0, .weight_decay_on = "kernels"}),
              idle("weight_decay_on=kernels", "weight_decay above 0"));
  EXPECT_THAT(fault({.model = "resnet8", .steps = 1, .new_head = true}),
              idle("new_head=true", "weights in model="));
}

TEST(TrainSettings, LeaveOutOfTheRecordWhatDoesNothing) {
  const auto has = [](const TrainSettings& s, const std::string& key) {
    return std::ranges::any_of(print_settings(s), [&](const auto& p) { return p.first == key; });
  };
  EXPECT_TRUE(has({.optimiser = "sgd"}, "momentum"));
  EXPECT_FALSE(has({.optimiser = "sgd"}, "beta1"));
  EXPECT_FALSE(has({.optimiser = "adamw"}, "momentum"));
}

}  // namespace
}  // namespace nescio::train
