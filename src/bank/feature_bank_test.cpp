#include "bank/feature_bank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class FeatureBankTest : public ::testing::Test {
 protected:
  // 2 rows of 3 features, 2 classes.
  void add(const std::string& split) {
    SplitWriter writer(bank_, split, 2,
                       {{"logits", DType::float32, {2}}, {"features", DType::float32, {3}}}, {});
    writer.write("logits", Array({2, 2}, std::vector<float>{1, 2, 3, 4}));
    writer.write("features", Array({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}));
    writer.commit(2);
    writer.finish();
  }
  FeatureBank reopened() const { return FeatureBank::open(path_); }
  std::string open_error() const {
    return io::error_of([&] { reopened(); });
  }
  static Head head(std::size_t classes, std::size_t width) {
    return {Array({classes, width}, std::vector<float>(classes * width, 0.5f)),
            Array({classes}, std::vector<float>(classes, 1.0f))};
  }

  io::TestFolder folder_;
  fs::path path_ = folder_ / "bank";
  FeatureBank bank_ = FeatureBank::open_or_create(path_);
};

TEST_F(FeatureBankTest, MissingBankSaysHowToMakeOne) {
  EXPECT_THAT(io::error_of([&] { FeatureBank::open(folder_ / "none"); }),
              HasSubstr("there is no feature bank here (no bank.json); 'nescio extract"));
}

TEST_F(FeatureBankTest, EmptyBank) {
  EXPECT_TRUE(reopened().splits().empty());
  EXPECT_EQ(bank_.classes(), 0u);
  EXPECT_EQ(bank_.feature_width(), 0u);
  EXPECT_FALSE(bank_.head());
  EXPECT_EQ(bank_.model(), nlohmann::json::object());
  EXPECT_THAT(io::error_of([&] { bank_.rows("a/test"); }), HasSubstr("The bank is empty"));
}

TEST_F(FeatureBankTest, AnswersWithWhatItHas) {
  add("cifar10/test");
  add("cifar100/test");
  EXPECT_THAT(bank_.splits(), ElementsAre("cifar10/test", "cifar100/test"));
  EXPECT_THAT(bank_.arrays("cifar10/test"), ElementsAre("features", "logits"));
  EXPECT_TRUE(bank_.has("cifar10/test", "logits"));
  EXPECT_FALSE(bank_.has("cifar10/test", "labels"));
  EXPECT_FALSE(bank_.has("head"));
  EXPECT_EQ(bank_.classes(), 2u);
  EXPECT_EQ(bank_.feature_width(), 3u);
  EXPECT_THAT(io::error_of([&] { bank_.array("cifar10/tst", "logits"); }),
              HasSubstr("Did you mean 'cifar10/test'?"));
  EXPECT_THAT(
      io::error_of([&] { bank_.array("cifar10/test", "logit"); }),
      HasSubstr(
          "cifar10/test has no array 'logit'. Did you mean 'logits'? Known: features, logits"));
}

TEST_F(FeatureBankTest, HeadIsStoredAndReplaced) {
  add("a/test");
  bank_.set_head(head(2, 3), {{"weights", "abc"}});
  EXPECT_EQ(reopened().head()->weight.shape(), (Shape{2, 3}));
  EXPECT_EQ(reopened().head_manifest().at("origin").at("weights"), "abc");
  Head other = head(2, 3);
  other.bias = Array({2}, std::vector<float>{7, 8});
  bank_.set_head(other, "again");
  EXPECT_THAT(reopened().head()->bias.as<float>(), ElementsAre(7, 8));
  reopened().verify();
}

TEST_F(FeatureBankTest, HeadMustFit) {
  add("a/test");
  EXPECT_THAT(io::error_of([&] { bank_.set_head(head(4, 3), {}); }),
              HasSubstr("head has 4 classes, the rest of the bank 2"));
  EXPECT_THAT(io::error_of([&] { bank_.set_head(head(2, 5), {}); }), HasSubstr("5 features"));
  EXPECT_THAT(io::error_of([&] {
                bank_.set_head({head(2, 3).weight, head(1, 1).bias}, {});
              }),
              HasSubstr("expected weight [C, D] and bias [C], found [2, 3] and [1]"));
  Head bad = head(2, 3);
  bad.weight =
      Array({2, 3}, std::vector<float>{0, 0, 0, 0, 0, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(io::error_of([&] { bank_.set_head(bad, {}); }),
              HasSubstr("weight: inf at row 1, column 2"));
  bad.weight = Array({2, 3}, std::vector<double>(6));
  EXPECT_THROW(bank_.set_head(bad, {}), Error);
  EXPECT_FALSE(reopened().head());
  bank_.set_head(head(2, 3), {});
  EXPECT_THAT(io::error_of([&] {
                SplitWriter(bank_, "b/test", 1, {{"features", DType::float32, {4}}}, {});
              }),
              HasSubstr("b/test has 4 features, the rest of the bank 3"));
}

TEST_F(FeatureBankTest, WhatAProbeHasLearnedIsStored) {
  add("a/test");
  const std::string probe = "gram(powers=2)";
  EXPECT_FALSE(bank_.learned(probe));
  EXPECT_TRUE(bank_.probes_manifest().empty());
  bank_.set_learned(probe, {{{"min", Array({2, 3}, std::vector<float>(6, 1))}}, {{"data", "x"}}});
  bank_.set_learned(probe, {{{"max", Array({1}, std::vector<float>{4})}}, {{"data", "y"}}});
  const auto found = reopened().learned(probe);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->arrays.size(), 1u);
  EXPECT_THAT(found->arrays.at("max").as<float>(), ElementsAre(4));
  EXPECT_EQ(found->origin.at("data"), "y");
  EXPECT_EQ(reopened().probes_manifest().at(probe).at("arrays").at("max").at("shape").dump(),
            "[1]");
  EXPECT_FALSE(reopened().learned("gram(powers=3)"));
  EXPECT_THAT(reopened().splits(), ElementsAre("a/test"));
  EXPECT_FALSE(reopened().has(".probes/gram(powers=2)"));
  reopened().verify();
  io::write_text(folder_ / "bank/.probes/gram(powers=2)/max.npy", "no array");
  EXPECT_THAT(io::error_of([&] { reopened().learned(probe); }), HasSubstr("learn again"));
  EXPECT_THAT(io::error_of([&] { reopened().verify(); }), HasSubstr("gram(powers=2)/max"));
}

TEST_F(FeatureBankTest, ModelIsStored) {
  bank_.set_model({{"name", "resnet20"}});
  EXPECT_EQ(reopened().model().at("name"), "resnet20");
  EXPECT_THROW(bank_.set_model("resnet20"), Error);
}

// What may happen to a file of a bank, and what is said of it.
struct Damage {
  std::function<void(const fs::path&)> happen;
  std::string words;
};
const std::vector<Damage> damages = {
    {[](const fs::path& file) { fs::remove(file); }, "cannot be read"},
    {[](const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1); }, "truncated"},
    {[](const fs::path& file) { fs::resize_file(file, 0); }, "empty file"},
    {[](const fs::path& file) { io::write_text(file, "no array at all"); }, "something else"},
    {[](const fs::path& file) {
       io::write_npy(file, Array({1, 4}, std::vector<float>(4)));
     },
     "expected float32 [2, 2] as in the manifest, found float32 [1, 4]"},
    {[](const fs::path& file) {
       io::write_npy(file, Array({2, 2}, std::vector<double>(4)));
     },
     "found float64 [2, 2]"},
    {[](const fs::path& file) {
       io::write_npy(file, Array({2, 2}, std::vector<float>(4, 9)));
     },
     "was changed since it was written"},
};

TEST_F(FeatureBankTest, ADamagedArrayIsRefusedAndTheRestIsUsable) {
  for (const auto& [happen, words] : damages) {
    add("a/test");
    add("b/test");
    const fs::path logits = path_ / "a/test/logits.npy";
    happen(logits);
    const FeatureBank bank = reopened();
    EXPECT_THAT(io::error_of([&] { bank.array("a/test", "logits"); }),
                AllOf(HasSubstr(logits.string() + ": "), HasSubstr(words),
                      HasSubstr("; extract or import a/test again")));
    EXPECT_EQ(bank.array("a/test", "features").as<float>()[5], 6);
    EXPECT_EQ(bank.array("b/test", "logits").as<float>()[3], 4);
    EXPECT_FALSE(bank.whole("a/test"));
    EXPECT_TRUE(bank.whole("b/test"));
    EXPECT_THAT(io::error_of([&] { bank.verify(); }), HasSubstr("a/test/logits"));
    add("a/test");  // the remedy
    EXPECT_EQ(reopened().array("a/test", "logits").as<float>()[3], 4);
    reopened().verify();
  }
}

TEST_F(FeatureBankTest, ADamagedHeadIsRefusedAndReplaced) {
  add("a/test");
  for (const auto& [happen, words] : damages) {
    bank_.set_head(head(2, 3), {});
    happen(path_ / "head/weight.npy");
    FeatureBank bank = reopened();
    EXPECT_EQ(bank.array("a/test", "logits").as<float>()[3], 4);
    EXPECT_THAT(io::error_of([&] { bank.head(); }),
                AllOf(HasSubstr("head/weight.npy: "),
                      HasSubstr("; extract a split or import the head again")));
    bank.set_head(head(2, 3), {});
    EXPECT_TRUE(reopened().head());
  }
}

TEST_F(FeatureBankTest, AFolderThatWasRemovedIsWrittenAgain) {
  add("a/test");
  add("b/test");
  fs::remove_all(path_ / "a");
  const FeatureBank bank = reopened();
  EXPECT_THAT(io::error_of([&] { bank.array("a/test", "logits"); }), HasSubstr("cannot be read"));
  EXPECT_TRUE(bank.whole("b/test"));
  add("a/test");
  EXPECT_TRUE(reopened().whole("a/test"));
}

TEST_F(FeatureBankTest, ADamagedEntryOfACrashIsNoDeadEnd) {
  add("a/test");
  io::write_text(path_ / "a/test/entry.json", "{\"rows\":");
  EXPECT_EQ(reopened().array("a/test", "logits").as<float>()[3], 4);
  add("a/test");
  EXPECT_FALSE(fs::exists(path_ / "a/test/entry.json"));
  EXPECT_TRUE(reopened().whole("a/test"));
}

TEST_F(FeatureBankTest, FilesOfTheUserAreNeverReplaced) {
  const fs::path theirs = path_ / "a/test";
  const fs::path note = theirs / "note.txt";
  fs::create_directories(theirs);
  const auto refusal = [&] { return io::error_of([&] { add("a/test"); }); };
  io::write_text(note, "mine");
  EXPECT_THAT(refusal(), AllOf(HasSubstr(theirs.string()), HasSubstr("no split of this bank")));
  fs::remove(note);
  io::write_npy(theirs / "logits.npy", Array({1}, std::vector<float>(1)));
  EXPECT_THAT(refusal(), HasSubstr("no split of this bank"));
  EXPECT_EQ(io::read_npy(theirs / "logits.npy").size(), 1u);
  fs::remove(theirs / "logits.npy");
  add("a/test");  // an empty folder is nobody's
  io::write_text(note, "mine");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("note.txt"), HasSubstr("move it away")));
  EXPECT_EQ(io::read_text(note), "mine");
  EXPECT_TRUE(reopened().whole("a/test"));
  fs::remove_all(theirs);
  io::write_text(theirs, "a file");
  EXPECT_THAT(refusal(), HasSubstr(theirs.string()));
  EXPECT_EQ(io::read_text(theirs), "a file");
}

TEST_F(FeatureBankTest, AFolderCalledHeadIsNotReplaced) {
  io::write_text(path_ / "head/photo.jpg", "mine");
  EXPECT_THAT(io::error_of([&] { bank_.set_head(head(2, 3), {}); }),
              HasSubstr("is there and is no head of this bank"));
  EXPECT_EQ(io::read_text(path_ / "head/photo.jpg"), "mine");
}

TEST_F(FeatureBankTest, ADamagedManifestNamesTheWayOut) {
  add("a/test");
  io::write_text(path_ / "bank.json", "{\"format\":");
  EXPECT_THAT(open_error(), AllOf(HasSubstr("bank.json: "), HasSubstr("into a new bank"),
                                  HasSubstr("SET/SPLIT/logits.npy")));
}

TEST_F(FeatureBankTest, CopiedFilesWithNewTimeStampsAreAccepted) {
  add("a/test");
  const fs::path logits = path_ / "a/test/logits.npy";
  fs::last_write_time(logits, fs::last_write_time(logits) - std::chrono::hours(1));
  const auto stamp = reopened().manifest("a/test")["arrays"]["logits"]["modified_ns"];
  EXPECT_NE(stamp, bank_.manifest("a/test")["arrays"]["logits"]["modified_ns"]);
  EXPECT_EQ(
      io::read_json(path_ / "bank.json")["splits"]["a/test"]["arrays"]["logits"]["modified_ns"],
      stamp);
}

TEST_F(FeatureBankTest, VerifyFindsWhatTimeStampsHide) {
  add("a/test");
  add("b/test");
  const fs::path logits = path_ / "a/test/logits.npy";
  const auto time = fs::last_write_time(logits);
  io::write_npy(logits, Array({2, 2}, std::vector<float>{1, 2, 3, 5}));
  fs::last_write_time(logits, time);
  const auto bank = reopened();
  fs::remove(path_ / "b/test/features.npy");
  EXPECT_THAT(
      io::error_of([&] { bank.verify(); }),
      HasSubstr("2 files differ from the manifest: a/test/logits, b/test/features (missing)"));
}

TEST_F(FeatureBankTest, DamagedManifestsAreRefused) {
  add("a/test");
  const fs::path file = path_ / "bank.json";
  const auto good = io::read_json(file);
  const auto refused = [&](const nlohmann::json& manifest) {
    io::write_json(file, manifest);
    return open_error();
  };
  EXPECT_THAT(refused(5), HasSubstr("not the manifest"));
  EXPECT_THAT(refused({{"format", "other"}}), HasSubstr("not the manifest"));
  auto bad = good;
  bad["version"] = 3;
  EXPECT_THAT(refused(bad), HasSubstr("version 3 of the bank's format, expected at most 2"));
  bad = good;
  bad["splits"]["../x"] = good["splits"]["a/test"];
  EXPECT_THAT(refused(bad), HasSubstr("bank.json: expected SET/SPLIT"));
  bad = good;
  bad["splits"]["a/test"]["arrays"]["../../x"] = good["splits"]["a/test"]["arrays"]["logits"];
  EXPECT_THAT(refused(bad), HasSubstr("a/test: expected the name of an array"));
  for (const char* file : {"../x.npy", "/x.npy", ".npy", "x"}) {
    bad = good;
    bad["splits"]["a/test"]["arrays"]["logits"]["file"] = file;
    EXPECT_THAT(refused(bad), HasSubstr("damaged name of a file")) << file;
  }
  bad = good;
  bad["splits"]["a/test"]["rows"] = 3;
  EXPECT_THAT(refused(bad), HasSubstr("expected 3 rows"));
  bad = good;
  bad["splits"]["a/test"]["arrays"]["logits"].erase("sha256");
  EXPECT_THAT(refused(bad), HasSubstr("'sha256' is missing"));
  bad = good;
  bad["splits"]["a/test"]["arrays"]["logits"]["dtype"] = "float99";
  EXPECT_THAT(refused(bad), HasSubstr("expected the name of a type, such as float32"));
  bad = good;
  bad["splits"]["a/test"]["arrays"]["logits"]["shape"] = {-1};
  EXPECT_NE(refused(bad), "");
  bad = good;
  bad["head"] = good["splits"]["a/test"];
  EXPECT_THAT(refused(bad), HasSubstr("expected weight and bias"));
  io::write_text(file, "{\"format\":");
  EXPECT_THAT(open_error(), HasSubstr("no valid JSON at column "));
  io::write_json(file, good);
  EXPECT_EQ(open_error(), "");
}

}  // namespace
}  // namespace nescio::bank
