// nescio extract by several processes that mpirun starts.
#include <gmock/gmock.h>

#include <filesystem>

#include "launched.h"

namespace nescio {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class LaunchedExtraction : public Launched {
 protected:
  void SetUp() override {
    const auto [said, code] = shell(by(1, small_training("run", "steps=1")));
    ASSERT_EQ(code, 0) << said;
  }
  std::string extract(int processes, const std::string& bank, int pictures,
                      const std::string& more = "") const {
    return by(processes, small_extraction(bank, pictures, more));
  }
};

TEST_F(LaunchedExtraction, WritesTheBitsOfOne) {
  const std::string probes = "'probes=odin(epsilon=0.0014)'";
  const auto [one, status] = shell(extract(1, "one", 333, probes));
  ASSERT_EQ(status, 0) << one;
  for (const int processes : {2, 4}) {
    const std::string bank = text("by", processes);
    const auto [said, code] = shell(extract(processes, bank, 333, probes));
    ASSERT_EQ(code, 0) << said;
    EXPECT_EQ(sums(bank), sums("one"));
    EXPECT_EQ(said.find("333 rows"), said.rfind("333 rows")) << said;  // one of them talks
    EXPECT_FALSE(fs::exists(path(bank + "/.partial")));
  }
  const auto [again, code] = shell(extract(2, "one", 333, probes));
  EXPECT_EQ(code, 0);
  EXPECT_THAT(again, HasSubstr("nothing was done"));
}

// The launcher ends the others, what they have written is kept, and another number of processes goes on from it.
TEST_F(LaunchedExtraction, EndsWithOneThatIsKilledAndGoesOn) {
  constexpr int pictures = 12'000;
  const auto [killed, status] = shell(kill_one(
      extract(2, "bank", pictures),
      "[ -e '" + path("bank/.partial/shapes/val/journal-1.json") + "' ]", "mnist_convnet"));
  EXPECT_NE(status, 0) << killed;
  EXPECT_NE(status, 9) << killed;
  EXPECT_THAT(killed, testing::Not(HasSubstr("still there")));
  EXPECT_THAT(killed, HasSubstr("exited on signal 9"));
  EXPECT_FALSE(fs::exists(path("bank/shapes/val")));
  const auto [said, code] = shell(extract(4, "bank", pictures));
  ASSERT_EQ(code, 0) << said;
  EXPECT_THAT(said, HasSubstr("rows of an interrupted extraction"));
  ASSERT_EQ(shell(extract(1, "one", pictures)).second, 0);
  EXPECT_EQ(sums("bank"), sums("one"));
}

}  // namespace
}  // namespace nescio
