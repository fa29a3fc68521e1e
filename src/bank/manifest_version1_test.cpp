#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "bank/manifest.h"
#include "io/json_file.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* split = "cifar10/test";
constexpr const char* odin = "odin(epsilon=0.0014,T=1000)";

/// testdata/version1: four pictures that `extract probes=odin` of version 0.1.0 wrote, and scores that
/// were imported beside them.
class Version1 : public testing::Test {
 protected:
  Version1() { fs::copy(NESCIO_TEST_BANKS "/version1", path_, fs::copy_options::recursive); }
  FeatureBank bank() const { return FeatureBank::open(path_); }

  io::TestFolder folder_;
  fs::path path_ = folder_ / "bank";
};

TEST_F(Version1, IsRead) {
  const FeatureBank old = bank();
  EXPECT_THAT(old.arrays(split),
              ElementsAre("features", "index", "labels", "logits", odin, "score_msp"));
  EXPECT_EQ(old.array(split, odin).shape(), (Shape{4, 10}));
  EXPECT_EQ(old.array(split, "logits").shape(), (Shape{4, 10}));
  EXPECT_EQ(old.head()->weight.shape(), (Shape{10, 64}));
  EXPECT_EQ(old.class_names(split).at(9), "truck");
  old.verify();
}

TEST_F(Version1, SaysWhatMadeEachArray) {
  const FeatureBank old = bank();
  const nlohmann::json rows = old.manifest(split).at("inputs");
  EXPECT_THAT(names_of(rows), ElementsAre("class_names", "data", "data_sha256"));
  for (const char* array : {"logits", "features", odin}) {
    EXPECT_THAT(names_of(old.inputs(split, array)),
                ElementsAre("network", "preprocessing", "program", "weights_sha256"));
  }
  EXPECT_EQ(old.inputs(split, "labels"), nlohmann::json({{"program", "0.1.0"}}));
  EXPECT_EQ(old.inputs(split, "score_msp").at("import").at("from"), "msp.npy");
}

TEST_F(Version1, GrowsLikeOneOfToday) {
  FeatureBank old = bank();
  SplitWriter writer(old, split, 4, {{"one", DType::int64, {}}}, {}, Rest::kept);
  writer.write("one", Array({4}, std::vector<std::int64_t>{1, 2, 3, 4}));
  writer.commit(4);
  writer.finish();
  const FeatureBank grown = bank();
  EXPECT_EQ(io::read_json(path_ / "bank.json").at("version"), 2);
  EXPECT_THAT(grown.arrays(split),
              ElementsAre("features", "index", "labels", "logits", odin, "one", "score_msp"));
  EXPECT_FALSE(fs::exists(path_ / split / "odin.npy"));
  EXPECT_TRUE(fs::exists(path_ / split / (std::string(odin) + ".npy")));
  EXPECT_EQ(grown.manifest(split).at("inputs"), old.manifest(split).at("inputs"));
  grown.verify();
}

TEST_F(Version1, DamageOfItsManifestIsNoneOfThisProgram) {
  const nlohmann::json good = io::read_json(path_ / "bank.json");
  const auto refused = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad["splits"][split]["inputs"][key] = value;
    io::write_json(path_ / "bank.json", bad);
    return io::error_of([&] { bank(); });
  };
  EXPECT_THAT(refused("probes", {{"odin", "../../odin"}}), HasSubstr("name of an array"));
  EXPECT_EQ(refused("probes", {{"odin", 5}}), "");
  EXPECT_EQ(refused("probes", {{"odin", "logits"}}), "");  // which stays what it is
  EXPECT_EQ(bank().array(split, "logits").shape(), (Shape{4, 10}));
  EXPECT_EQ(refused("probes", 5), "");
  EXPECT_EQ(refused("import", {1, 2}), "");
}

}  // namespace
}  // namespace nescio::bank
