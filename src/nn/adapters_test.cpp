#include "nn/adapters.h"

#include <gtest/gtest.h>

#include "nn/weights.h"

namespace nescio::nn {
namespace {

Array zeros(const Shape& shape) { return Array(shape, std::vector<float>(count_of(shape))); }

TEST(Renaming, ReplacesTheBeginningOfEveryName) {
  const auto read = renaming({{"conv1.", "features.0."}, {"fire2/", "features.3."}});
  const auto ours = read({{"conv1.bias", zeros({1})}, {"fire2/w", zeros({2})}}, {});
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->at("features.0.bias").shape(), Shape{1});
  EXPECT_EQ(ours->at("features.3.w").shape(), Shape{2});
}

TEST(Renaming, IsAllOrNothing) {
  const auto read = renaming({{"a.", "c."}});
  EXPECT_FALSE(read({{"a.x", zeros({1})}, {"b.x", zeros({1})}}, {}));
}

/// Cuts one tensor into three, as attention has them, and leaves one out.
std::optional<Tensors> cut(const Tensors& file, const ExpectedTensors& ours) {
  const auto joined = file.find("qkv");
  if (joined == file.end()) return std::nullopt;
  Tensors out;
  const std::size_t rows = ours.shapes.at("q")[0];
  std::size_t first = 0;
  for (const char* name : {"q", "k", "v"}) {
    out.emplace(name, joined->second.slice(first, rows));
    first += rows;
  }
  return out;
}

TEST(Adapters, MayCutJoinAndLeaveOut) {
  NetworkInfo info;
  info.preprocessing.height = 7;
  Adapter adapter{.source = "somebody", .read = cut, .preprocessing = {}};
  adapter.preprocessing.height = 9;
  info.also_reads = {adapter};
  const ExpectedTensors ours{.shapes = {{"q", {2, 3}}, {"k", {2, 3}}, {"v", {2, 3}}},
                             .optional = {}};
  std::vector<float> values(18);
  for (std::size_t i = 0; i < 18; ++i) values[i] = static_cast<float>(i);
  const NamedWeights found =
      adapted(info, {{"qkv", Array({6, 3}, values)}, {"mask_token", zeros({1})}}, ours);
  EXPECT_EQ(differences(ours, found.tensors), "");
  EXPECT_EQ(found.tensors.at("k").as<float>()[0], 6);
  EXPECT_EQ(found.preprocessing.height, 9u);
  // Of another kind: as it is.
  EXPECT_EQ(adapted(info, {{"q", zeros({2, 3})}}, ours).preprocessing.height, 7u);
}

}  // namespace
}  // namespace nescio::nn
