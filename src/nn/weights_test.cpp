#include "nn/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/safetensors.h"
#include "io/sha256.h"
#include "io/test_folder.h"

namespace nescio::nn {
namespace {

using testing::HasSubstr;
using testing::Not;

Array zeros(const Shape& shape) { return Array(shape, std::vector<float>(count_of(shape))); }

const ExpectedTensors two{.shapes = {{"a", {2}}, {"b", {2, 3}}, {"n", {}}}, .optional = {"n"}};

TEST(Differences, AreNoneWhereNamesAndShapesAgree) {
  EXPECT_EQ(differences(two, {{"a", zeros({2})}, {"b", zeros({2, 3})}}), "");
  EXPECT_EQ(differences(two, {{"a", zeros({2})}, {"b", zeros({2, 3})}, {"n", zeros({})}}), "");
}

TEST(Differences, AreAllListed) {
  const std::string message = differences(two, {{"b", zeros({3, 2})}, {"c", zeros({7})}});
  EXPECT_THAT(message, HasSubstr("a [2]"));
  EXPECT_THAT(message, HasSubstr("c [7]"));
  EXPECT_THAT(message, HasSubstr("b: expected [2, 3], found [3, 2]"));
  EXPECT_THAT(message, Not(HasSubstr(", n [")));
}

TEST(Differences, AreCutAtADozen) {
  std::map<std::string, Array> found = {{"a", zeros({2})}, {"b", zeros({2, 3})}};
  for (int i = 0; i < 100; ++i) found.emplace(text("extra", 100 + i), zeros({1}));
  EXPECT_THAT(differences(two, found), HasSubstr("and 88 more"));
}

TEST(ReadWeights, ReadsWhateverTheLengthOfTheHeader) {
  const io::TestFolder folder;
  const auto file = folder / "w.pth";  // the suffix says nothing
  // The file begins with the length of its header; 0x80 is how a pickle begins, 0x93 a .npy file.
  for (std::size_t blanks = 0; blanks < 256; blanks += 8) {
    io::write_safetensors(file, {{"a", zeros({2})}}, {{"note", std::string(blanks, '.')}});
    const Weights weights = read_weights(file);
    ASSERT_EQ(weights.groups.size(), 1u) << blanks;
    EXPECT_TRUE(weights.groups[0].tensors.contains("a"));
    EXPECT_EQ(weights.sha256, io::sha256_file(file));
  }
}

TEST(ReadWeights, GivesTheMetadataOfSafetensors) {
  const io::TestFolder folder;
  io::write_safetensors(folder / "w.safetensors", {{"a", zeros({2})}}, {{"nescio.network", "net"}});
  EXPECT_EQ(read_weights(folder / "w.safetensors").metadata.at("nescio.network"), "net");
}

TEST(ReadWeights, NamesWhatIsThereInstead) {
  const io::TestFolder folder;
  const auto fault = [&](std::string_view content) {
    return io::error_of([&] { read_weights(folder.file("w.pth", content)); });
  };
  EXPECT_THAT(fault("hello"), HasSubstr("expected weights as safetensors"));
  EXPECT_THAT(fault(""), HasSubstr("an empty file"));
  EXPECT_THAT(fault("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(fault("<!DOCTYPE html><html>Quota exceeded</html>"), HasSubstr("a web page"));
  EXPECT_THAT(fault("\x1f\x8b\x08"), HasSubstr("gunzip"));
  EXPECT_THAT(io::error_of([&] { read_weights(folder / "none.pth"); }), HasSubstr("none.pth"));
}

}  // namespace
}  // namespace nescio::nn
