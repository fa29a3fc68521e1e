// Splits of the same pictures become one.
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

class Join : public testing::Test {
 protected:
  Join() {
    for (const int network : {0, 1}) {
      const std::string z =
          save("z.npy", Array({4, 1}, std::vector<float>(4, network == 0 ? 1.0F : 2.0F)));
      const Outcome done =
          nescio_program({"import", "bank=" + bank(network), "as=a/train", "logits=" + z});
      if (done.code != 0) ADD_FAILURE() << done.log;
    }
  }
  std::string save(const std::string& name, const Array& array) const {
    io::write_npy(folder_ / name, array);
    return (folder_ / name).string();
  }
  std::string bank(int network) const { return (folder_ / std::to_string(network)).string(); }
  std::string splits() const { return "splits=" + bank(0) + "#a/train," + bank(1) + "#a/train"; }
  std::vector<float> joined(const std::vector<std::string>& further) const {
    std::vector<std::string> arguments = {"join", splits(), "bank=" + bank(2), "as=b/train"};
    arguments.insert(arguments.end(), further.begin(), further.end());
    const Outcome done = nescio_program(arguments);
    EXPECT_EQ(done.code, 0) << done.log;
    EXPECT_EQ(done.out, "b/train: 4 rows of 2 splits, logits\n");
    const Array logits = bank::FeatureBank::open(bank(2)).array("b/train", "logits");
    const auto values = logits.as<float>();
    return {values.begin(), values.end()};
  }

  io::TestFolder folder_;
};

TEST_F(Join, TakesRowsInTurn) { EXPECT_EQ(joined({}), (std::vector<float>{1, 2, 1, 2})); }

TEST_F(Join, TakesRowsAsAFileSays) {
  const auto from = save("from.npy", Array({4}, std::vector<std::int32_t>{1, 1, 0, 1}));
  EXPECT_EQ(joined({"from=" + from}), (std::vector<float>{2, 2, 1, 2}));
}

TEST_F(Join, RefusesWhatCannotBe) {
  const auto refused = [&](const std::vector<std::string>& arguments, int code,
                           const std::string& words) {
    expect_refusal(nescio_program(arguments), code, {words});
  };
  refused({"join", splits(), "bank=" + bank(0), "as=a/train"}, 2, "would be replaced");
  refused({"join", "splits=" + bank(0) + "#a/train", "bank=" + bank(2), "as=b/train"}, 2,
          "two or more");
  refused({"join", "splits=" + bank(0) + "," + bank(1), "bank=" + bank(2), "as=b/train"}, 2,
          "BANK#SET/SPLIT");
  const auto from = save("from.npy", Array({1, 4}, std::vector<std::int32_t>{1, 1, 0, 1}));
  refused({"join", splits(), "bank=" + bank(2), "as=b/train", "from=" + from}, 1, "[1, 4]");
  const auto half = save("half.npy", Array({1}, std::vector<float>{0.5F}));
  refused({"join", splits(), "bank=" + bank(2), "as=b/train", "from=" + half}, 1,
          "from " + half + ": expected whole numbers");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "2" / "b"));
}

}  // namespace
}  // namespace nescio
