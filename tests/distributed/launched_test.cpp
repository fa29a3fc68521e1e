// nescio train by several processes that mpirun starts.
#include <gmock/gmock.h>

#include "launched.h"

namespace nescio {
namespace {

using testing::HasSubstr;

class LaunchedTraining : public Launched {
 protected:
  std::string train(int processes, const std::string& out, const std::string& more) const {
    return by(processes, small_training(out, more));
  }
};

TEST_F(LaunchedTraining, TakeTheStepsOfOne) {
  const auto [one, status] = shell(train(1, "one", "steps=50 accumulate=4"));
  ASSERT_EQ(status, 0) << one;
  for (const int processes : {2, 4}) {
    const std::string out = text("by", processes);
    const auto [said, code] =
        shell(train(processes, out, text("steps=50 accumulate=", 4 / processes)));
    ASSERT_EQ(code, 0) << said;
    expect_same_weights("one", out);
    // One of them talks.
    EXPECT_EQ(said.find("last.safetensors"), said.rfind("last.safetensors")) << said;
  }
}

TEST_F(LaunchedTraining, GoOnInAnotherNumber) {
  const std::string alike = "schedule=constant ";
  ASSERT_EQ(shell(train(1, "one", alike + "steps=40 accumulate=2")).second, 0);
  const auto [first, half] = shell(train(2, "two", alike + "steps=20"));
  ASSERT_EQ(half, 0) << first;
  const auto [said, code] = shell(train(1, "two", alike + "steps=40 accumulate=2 resume=changed"));
  ASSERT_EQ(code, 0) << said;
  EXPECT_THAT(said, HasSubstr("went on after 20 of 40"));
  expect_same_weights("one", "two");
}

// The launcher ends the others, and what was written can be gone on from.
TEST_F(LaunchedTraining, EndWithOneThatIsKilled) {
  const auto [said, code] = shell(kill_one(
      train(2, "run", "steps=100000 checkpoint_every=2"),
      text("[ -n \"$(ls '", path("run/checkpoints"), "' 2>/dev/null)\" ]"), "mnist_convnet"));
  EXPECT_NE(code, 0) << said;
  EXPECT_NE(code, 9) << said;
  EXPECT_THAT(said, testing::Not(HasSubstr("still there")));
  EXPECT_THAT(said, HasSubstr("exited on signal 9"));
  const auto [resumed, status] =
      shell(until_a_checkpoint(train(1, "run", "steps=100000 checkpoint_every=2 resume=changed")));
  EXPECT_EQ(status, 130) << resumed;
}

}  // namespace
}  // namespace nescio
