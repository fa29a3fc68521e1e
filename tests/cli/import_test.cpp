// What comes into a bank, and what is refused at its door.
#include <gtest/gtest.h>

#include <limits>

#include "bank/feature_bank.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

class Import : public testing::Test {
 protected:
  std::string save(const std::string& name, const Array& array) const {
    write_npy(folder_ / name, array);
    return (folder_ / name).string();
  }
  std::string bank() const { return (folder_ / "bank").string(); }
  Outcome import(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"import", "bank=" + bank()});
    return nescio_program(arguments);
  }
  bool bank_has(const std::string& split) const {
    return std::filesystem::exists(folder_ / "bank" / split);
  }

  TestFolder folder_;
};

Array floats(std::size_t rows, std::size_t cols, float fill = 0.5F) {
  return Array({rows, cols}, std::vector<float>(rows * cols, fill));
}

TEST_F(Import, ConvertsDoublesAndSmallIntegers) {
  const auto logits = save("z.npy", Array({2, 2}, std::vector<double>{0.1, 1e-3, 3, -4}));
  const auto labels = save("y.npy", Array({2}, std::vector<std::int32_t>{1, -1}));
  const Outcome done = import({"as=a/test", "logits=" + logits, "labels=" + labels});
  ASSERT_EQ(done.code, 0) << done.log;
  const FeatureBank made = FeatureBank::open(bank());
  EXPECT_EQ(made.array("a/test", "logits").as<float>()[0], 0.1F);
  EXPECT_EQ(made.array("a/test", "labels").as<std::int64_t>()[1], -1);
  EXPECT_EQ(made.classes(), 2U);
}

TEST_F(Import, ReadsMembersOfSafetensors) {
  write_safetensors(folder_ / "all.safetensors",
                    {{"z", floats(3, 2)}, {"w", floats(2, 5)}, {"b", floats(2, 1)}});
  const std::string file = (folder_ / "all.safetensors").string();
  const Outcome done = import({"as=a/test", "logits=" + file + "#z", "head_weight=" + file + "#w",
                               "head_bias=" + file + "#b"});
  ASSERT_EQ(done.code, 0) << done.log;
  EXPECT_EQ(FeatureBank::open(bank()).feature_width(), 5U);
  expect_refusal(import({"as=a/val", "logits=" + file + "#zz"}), 1, {"zz"});
}

TEST_F(Import, WrongShapes) {
  const auto logits = save("z.npy", floats(4, 3));
  const auto short_labels = save("y.npy", Array({3}, std::vector<std::int64_t>(3)));
  const auto matrix_labels = save("y2.npy", Array({4, 2}, std::vector<std::int64_t>(8)));
  const auto flat = save("flat.npy", Array({12}, std::vector<float>(12)));
  expect_refusal(import({"as=a/test", "logits=" + logits, "labels=" + short_labels}), 1,
                 {"labels", "expected 4 rows", "found 3"});
  expect_refusal(import({"as=a/test", "logits=" + logits, "labels=" + matrix_labels}), 1,
                 {"labels", "expected [N]", "[4, 2]"});
  expect_refusal(import({"as=a/test", "logits=" + flat}), 1, {"logits", "[12]"});
  EXPECT_FALSE(bank_has("a/test"));
}

TEST_F(Import, AnotherNetworkNeedsAnotherBank) {
  ASSERT_EQ(import({"as=a/test", "logits=" + save("z.npy", floats(4, 3))}).code, 0);
  expect_refusal(import({"as=b/test", "logits=" + save("z5.npy", floats(4, 5))}), 1,
                 {"5 classes", "3"});
  expect_refusal(import({"head_weight=" + save("w.npy", floats(5, 8)),
                         "head_bias=" + save("b.npy", Array({5}, std::vector<float>(5)))}),
                 1, {"5 classes", "3"});
}

TEST_F(Import, HeadThatDoesNotFit) {
  const auto weight = save("w.npy", floats(8, 3));
  const auto bias = save("b.npy", Array({3}, std::vector<float>(3)));
  expect_refusal(import({"head_weight=" + weight, "head_bias=" + bias}), 1,
                 {"head_bias", "transposed"});
  expect_refusal(import({"head_weight=" + weight}), 2, {"head_bias"});
  const auto good = save("w2.npy", floats(3, 8));
  expect_refusal(import({"as=a/test", "logits=" + save("z.npy", floats(4, 4)),
                         "head_weight=" + good, "head_bias=" + bias}),
                 1, {"logits", "expected [N, 3]", "[4, 4]"});
}

TEST_F(Import, WarnsOfAHeadOfAnotherNetwork) {
  const World world;
  write_rows(folder_.path(), "train", world, draw_rows(world, 20, false, 1));
  write_head(folder_.path(), world);
  auto arguments = import_arguments(folder_.path(), bank(), "train", "in/train");
  arguments.insert(arguments.end(),
                   {"head_weight=" + save("wrong.npy", floats(world.classes, world.width)),
                    "head_bias=" + (folder_ / "b.npy").string()});
  const Outcome done = nescio_program(arguments);
  EXPECT_EQ(done.code, 0);
  EXPECT_NE(done.log.find("warning: in/train: logits differ"), std::string::npos) << done.log;
}

TEST_F(Import, NumbersThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto with_nan = save("nan.npy", Array({2, 2}, std::vector<float>{0, 1, 2, nan}));
  expect_refusal(import({"as=a/test", "features=" + with_nan}), 1,
                 {"features", "row 1, column 1", "nan"});
  const auto huge = save("huge.npy", Array({2, 2}, std::vector<double>{0, 1e300, 2, 3}));
  expect_refusal(import({"as=a/test", "logits=" + huge}), 1,
                 {"logits", "row 0, column 1", "1e+300", "float32"});
  const auto half = save("half.npy", Array({2}, std::vector<double>{0, 0.5}));
  expect_refusal(import({"as=a/test", "labels=" + half}), 1, {"labels", "0.5"});
  const auto whole = save("whole.npy", Array({2, 2}, std::vector<std::int64_t>(4)));
  expect_refusal(import({"as=a/test", "logits=" + whole}), 1, {"logits", "int64"});
  EXPECT_FALSE(bank_has("a/test"));
}

TEST_F(Import, EmptyAndMissing) {
  expect_refusal(import({"as=a/test", "logits=" + save("none.npy", floats(0, 3))}), 1,
                 {"logits", "[0, 3]"});
  expect_refusal(import({"as=a/test", "logits=" + (folder_ / "absent.npy").string()}), 1,
                 {"absent.npy"});
  expect_refusal(import({"as=a/test", "logits=" + folder_.file("text.npy", "hello").string()}), 1,
                 {"text.npy"});
  expect_refusal(import({}), 2, {"nothing to import"});
  expect_refusal(import({"as=a/test"}), 2, {"nothing to import"});
  expect_refusal(import({"logits=" + save("z.npy", floats(1, 1))}), 2, {"as="});
  expect_refusal(import({"as=../../x", "logits=" + save("z.npy", floats(1, 1))}), 1, {"../../x"});
}

TEST_F(Import, FullDiskLeavesTheBankAsItWas) {
  ASSERT_EQ(import({"as=a/test", "logits=" + save("z.npy", floats(4, 3))}).code, 0);
  const auto big = save("big.npy", floats(20000, 3));
  expect_refusal(
      nescio_program_on_full_disk(64, {"import", "bank=" + bank(), "as=a/test", "logits=" + big}),
      1, {"logits.npy"});
  EXPECT_EQ(FeatureBank::open(bank()).rows("a/test"), 4U);
}

}  // namespace
}  // namespace nescio
