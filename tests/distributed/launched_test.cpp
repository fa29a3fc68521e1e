// nescio train by several processes that mpirun starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "base/text.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

using testing::HasSubstr;

class Launched : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// A shell's words for a run by so many processes; no network of the catalogue that is small has no batch normalisation
  /// but this one.
  std::string train(int processes, const std::string& out, const std::string& more) const {
    std::string words = text(
        "'" NESCIO_PROGRAM
        "' train model=mnist_convnet "
        "'data=procedural:shapes?split=train&count=200' 'val=procedural:shapes?split=val&count=20' "
        "batch=32 lr=0.01 device=cpu threads=1 workers=1 seed=3 out='",
        path(out), "' ", more);
    if (processes == 1) return words;
    return text("env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 '" NESCIO_MPIEXEC
                "' --oversubscribe -n ",
                processes, " ", words);
  }
  /// What a shell script says and its exit status.
  std::pair<std::string, int> shell(const std::string& script) const {
    io::write_text(folder_ / "script", script);
    const int status =
        std::system(("bash '" + path("script") + "' >'" + path("said") + "' 2>&1").c_str());
    return {io::read_text(folder_ / "said"), WEXITSTATUS(status)};
  }
  void expect_same_weights(const std::string& a, const std::string& b) const {
    const auto expected = io::read_safetensors(path(a) + "/last.safetensors").tensors;
    const auto found = io::read_safetensors(path(b) + "/last.safetensors").tensors;
    for (const auto& [name, array] : expected) {
      if (array.dtype() != DType::float32) continue;
      const auto x = array.as<float>(), y = found.at(name).as<float>();
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-5) << b << ' ' << name;
    }
  }

  io::TestFolder folder_;
};

TEST_F(Launched, TakeTheStepsOfOne) {
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

TEST_F(Launched, GoOnInAnotherNumber) {
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
TEST_F(Launched, EndWithOneThatIsKilled) {
  const auto [said, code] =
      shell(train(2, "run", "steps=100000 checkpoint_every=2") +
            " & launcher=$!\n"
            "while [ -z \"$(ls '" +
            path("run/checkpoints") +
            "' 2>/dev/null)\" ]; do sleep 0.02; "
            "kill -0 $launcher || exit 9; done\n"
            "kill -KILL $(pgrep -P $launcher -f mnist_convnet | tail -n 1)\n"
            "( sleep 30; echo 'still there after 30 s'; kill -KILL $launcher ) & guard=$!\n"
            "wait $launcher; code=$?\n"
            "pkill -P $guard; kill $guard\n"
            "exit $code\n");
  EXPECT_NE(code, 0) << said;
  EXPECT_NE(code, 9) << said;
  EXPECT_THAT(said, testing::Not(HasSubstr("still there")));
  EXPECT_THAT(said, HasSubstr("exited on signal 9"));
  const auto [resumed, status] =
      shell(train(1, "run", "steps=100000 checkpoint_every=2 resume=changed") +
            " & nescio=$!\n"
            "while ! grep -q nescio: '" +
            path("said") +
            "'; do sleep 0.02; kill -0 $nescio || exit 9; done\n"
            "kill -INT $nescio\nwait $nescio\n");
  EXPECT_EQ(status, 130) << resumed;
}

}  // namespace
}  // namespace nescio
