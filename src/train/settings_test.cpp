#include "train/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/test_folder.h"

namespace nescio {
namespace {

using testing::HasSubstr;

TEST(TrainSettings, PrintAndParseRoundTrip) {
  TrainSettings settings{.model = "resnet8", .data = "npy:x", .steps = 7, .lr = 0.25};
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
  EXPECT_EQ(std::ranges::count_if(names, is_free_on_resume), 5);
  EXPECT_FALSE(is_free_on_resume("lr"));
}

TEST(TrainSettings, RefusesWhatDoesNotFitTogether) {
  const auto fault = [](const TrainSettings& s) { return error_of([&] { check_settings(s); }); };
  EXPECT_EQ(fault({.steps = 1}), "");
  EXPECT_THAT(fault({}), HasSubstr("found none"));
  EXPECT_THAT(fault({.steps = 1, .epochs = 1}), HasSubstr("found both"));
  EXPECT_THAT(fault({.steps = 1, .momentum = 0}), HasSubstr("nesterov"));
  EXPECT_EQ(fault({.steps = 1, .optimiser = "adamw", .momentum = 0}), "");
  EXPECT_THAT(fault({.steps = 1, .batch = 10, .accumulate = 4}), HasSubstr("batch=10 cannot"));
  EXPECT_THAT(fault({.steps = 1, .batch = 8, .outlier_batch = 9, .accumulate = 4}),
              HasSubstr("outlier_batch=9 cannot"));
}

}  // namespace
}  // namespace nescio
