#include "nn/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/safetensors.h"
#include "io/sha256.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

using testing::HasSubstr;
using testing::Not;

Array zeros(const Shape& shape) { return Array(shape, std::vector<float>(count_of(shape))); }

const ExpectedTensors two{.shapes = {{"a", {2}}, {"b", {2, 3}}, {"n", {}}}, .optional = {"n"}};

std::string fault(const std::map<std::string, Array>& found) {
  return error_of([&] { check_weights(two, found, "[net] x.pth"); });
}

TEST(CheckWeights, TakesWhatAgrees) {
  EXPECT_EQ(fault({{"a", zeros({2})}, {"b", zeros({2, 3})}}), "");
  EXPECT_EQ(fault({{"a", zeros({2})}, {"b", zeros({2, 3})}, {"n", zeros({})}}), "");
}

TEST(CheckWeights, ListsEveryDifference) {
  const std::string message = fault({{"b", zeros({3, 2})}, {"c", zeros({7})}});
  EXPECT_THAT(message, HasSubstr("[net] x.pth"));
  EXPECT_THAT(message, HasSubstr("a [2]"));
  EXPECT_THAT(message, HasSubstr("c [7]"));
  EXPECT_THAT(message, HasSubstr("b: expected [2, 3], found [3, 2]"));
  EXPECT_THAT(message, Not(HasSubstr(", n [")));
}

TEST(CheckWeights, CutsLongLists) {
  std::map<std::string, Array> found = {{"a", zeros({2})}, {"b", zeros({2, 3})}};
  for (int i = 0; i < 100; ++i) found.emplace(text("extra", 100 + i), zeros({1}));
  EXPECT_THAT(fault(found), HasSubstr("and 88 more"));
}

TEST(ReadWeights, StripsThePrefixOfDataParallelTraining) {
  const TestFolder folder;
  const auto file = folder / "w.safetensors";
  write_safetensors(file, {{"module.a", zeros({2})}, {"module.module.b", zeros({1})}});
  const Weights weights = read_weights(file);
  EXPECT_TRUE(weights.tensors.contains("a"));
  EXPECT_TRUE(weights.tensors.contains("module.b"));
  EXPECT_EQ(weights.sha256, sha256_file(file));
  write_safetensors(file, {{"module.a", zeros({2})}, {"b", zeros({1})}});
  EXPECT_TRUE(read_weights(file).tensors.contains("module.a"));
}

TEST(ReadWeights, RefusesWhatIsNoWeightsFile) {
  const TestFolder folder;
  EXPECT_NE(error_of([&] { read_weights(folder.file("w.pth", "hello")); }), "");
  EXPECT_NE(error_of([&] { read_weights(folder.file("w.pth", "")); }), "");
  EXPECT_THAT(error_of([&] { read_weights(folder / "none.pth"); }), HasSubstr("none.pth"));
}

}  // namespace
}  // namespace nescio
