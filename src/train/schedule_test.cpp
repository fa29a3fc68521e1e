#include "train/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

TEST(Schedule, CosineFallsToNothing) {
  const Schedule schedule({.lr = 0.2}, 100);
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.2);
  EXPECT_NEAR(schedule.at(50), 0.1, 1e-15);
  // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=100) after 25 and 99 steps.
  EXPECT_NEAR(schedule.at(25), 0.1707106781186548, 1e-12);
  EXPECT_NEAR(schedule.at(99), 4.9343963426840034e-05, 1e-12);
}

TEST(Schedule, CosineEndsAtItsFloor) {
  // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=100, eta_min=1e-6) after 25 and 99 steps.
  const Schedule schedule({.lr = 0.001, .lr_min = 1e-6}, 100);
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.001);
  EXPECT_NEAR(schedule.at(25), 0.00085369983720268074, 1e-15);
  EXPECT_NEAR(schedule.at(99), 1.2464730973170658e-06, 1e-15);
}

TEST(Schedule, StepFallsAtItsMilestones) {
  const Schedule schedule({.lr = 0.1, .schedule = "step", .milestones = "32000, 48000"}, 64000);
  EXPECT_DOUBLE_EQ(schedule.at(31999), 0.1);
  EXPECT_DOUBLE_EQ(schedule.at(32000), 0.01);
  EXPECT_NEAR(schedule.at(48000), 0.001, 1e-15);
}

TEST(Schedule, WarmupRisesLinearlyAndTheRestFollows) {
  const Schedule cosine({.lr = 0.4, .warmup = 4}, 104);
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.1);
  EXPECT_DOUBLE_EQ(cosine.at(3), 0.4);
  EXPECT_DOUBLE_EQ(cosine.at(4), 0.4);
  EXPECT_NEAR(cosine.at(54), 0.2, 1e-15);
  const Schedule constant({.lr = 0.4, .schedule = "constant", .warmup = 1000}, 10);
  EXPECT_DOUBLE_EQ(constant.at(9), 0.004);
}

TEST(Schedule, RefusesMilestonesWithoutSense) {
  const auto fault = [](const TrainSettings& s) { return io::error_of([&] { Schedule(s, 10); }); };
  EXPECT_THAT(fault({.schedule = "step"}), HasSubstr("expected milestones="));
  EXPECT_THAT(fault({.schedule = "step", .milestones = "5,5"}), HasSubstr("rising"));
  EXPECT_THAT(fault({.schedule = "step", .milestones = "5,x"}), HasSubstr("milestones"));
  EXPECT_THAT(fault({.schedule = "step", .milestones = "0,5"}), HasSubstr("from 1 on"));
}

}  // namespace
}  // namespace nescio::train
