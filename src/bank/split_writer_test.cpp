#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <limits>

#include "bank/feature_bank.h"
#include "base/error.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

const std::vector<ArrayPlan> plan = {{"logits", DType::float32, {2}}, {"labels", DType::int64, {}}};

Array logits(std::vector<float> values) {
  const std::size_t rows = values.size() / 2;
  return {{rows, 2}, std::move(values)};
}
Array labels(std::vector<std::int64_t> values) {
  const std::size_t rows = values.size();
  return {{rows}, std::move(values)};
}

class SplitWriterTest : public ::testing::Test {
 protected:
  SplitWriter writer(std::size_t rows = 3, const nlohmann::json& inputs = {{"weights", "abc"}}) {
    return {bank_, "a/test", rows, plan, inputs};
  }
  static void write_two(SplitWriter& w) {
    w.write("logits", logits({1, 2, 3, 4}));
    w.write("labels", labels({0, 1}));
    w.commit(2);
  }
  static void write_one(SplitWriter& w, float last = 6) {
    w.write("logits", logits({5, last}));
    w.write("labels", labels({-1}));
    w.commit(1);
  }
  void write_all_three() {
    auto w = writer();
    write_two(w);
    write_one(w);
    w.finish();
  }
  fs::path partial() const { return folder_ / "bank/.partial"; }

  io::TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(SplitWriterTest, WritesASplit) {
  write_all_three();
  for (const FeatureBank& bank : {bank_, FeatureBank::open(folder_ / "bank")}) {
    EXPECT_THAT(bank.splits(), ElementsAre("a/test"));
    EXPECT_EQ(bank.rows("a/test"), 3u);
    EXPECT_THAT(bank.array("a/test", "logits").as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(bank.array("a/test", "labels").as<std::int64_t>(), ElementsAre(0, 1, -1));
    EXPECT_EQ(bank.manifest("a/test").at("inputs").at("weights"), "abc");
    bank.verify();
  }
  EXPECT_FALSE(fs::exists(partial()));
  EXPECT_EQ(io::read_npy(folder_ / "bank/a/test/logits.npy").shape(), (Shape{3, 2}));
}

TEST_F(SplitWriterTest, KeepsTheNamesOfTheRows) {
  auto w = writer();
  write_two(w);
  write_one(w);
  w.set_paths({"a b/x.png", "", "\xc3\xa4.png"});
  w.finish();
  const fs::path file = folder_ / "bank/a/test/paths.txt";
  {
    const FeatureBank bank = FeatureBank::open(folder_ / "bank");
    EXPECT_THAT(bank.paths("a/test"), ElementsAre("a b/x.png", "", "\xc3\xa4.png"));
    bank.verify();
  }
  EXPECT_EQ(io::read_text(file), "a b/x.png\n\n\xc3\xa4.png\n");
  const auto paths_error = [&] {
    const FeatureBank bank = FeatureBank::open(folder_ / "bank");
    EXPECT_FALSE(bank.whole("a/test"));
    EXPECT_EQ(bank.array("a/test", "logits").rows(), 3u);
    return io::error_of([&] { bank.paths("a/test"); });
  };
  io::write_text(file, "one\ntwo\nthree\n");
  EXPECT_THAT(paths_error(), HasSubstr("paths.txt: was changed"));
  fs::remove(file);
  EXPECT_THAT(paths_error(), HasSubstr("paths.txt: cannot be read"));
}

TEST_F(SplitWriterTest, RefusesNamesThatAreNoLines) {
  auto w = writer();
  EXPECT_THAT(io::error_of([&] { w.set_paths({"a", "b"}); }), HasSubstr("each of the 3 rows"));
  EXPECT_THAT(io::error_of([&] { w.set_paths({"a", "b\nc", "d"}); }), HasSubstr("row 1"));
}

TEST_F(SplitWriterTest, RowsWithoutNamesHaveNoPaths) {
  write_all_three();
  EXPECT_TRUE(bank_.paths("a/test").empty());
  EXPECT_FALSE(fs::exists(folder_ / "bank/a/test/paths.txt"));
}

TEST_F(SplitWriterTest, NothingIsThereBeforeFinish) {
  auto w = writer();
  write_two(w);
  write_one(w);
  EXPECT_TRUE(FeatureBank::open(folder_ / "bank").splits().empty());
}

TEST_F(SplitWriterTest, InterruptedOneGoesOn) {
  {
    auto w = writer();
    write_two(w);
    w.write("logits", logits({99, 99}));  // written, never committed
  }
  auto w = writer();
  ASSERT_EQ(w.done(), 2u);
  write_one(w);
  w.finish();
  EXPECT_THAT(bank_.array("a/test", "logits").as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(SplitWriterTest, OtherInputsOrRowsBeginAnew) {
  {
    auto w = writer();
    write_two(w);
  }
  { EXPECT_EQ(writer(3, {{"weights", "other"}}).done(), 0u); }
  {
    auto w = writer();
    write_two(w);
  }
  EXPECT_EQ(writer(4).done(), 0u);
}

TEST_F(SplitWriterTest, DamagedJournalOrArraysBeginAnew) {
  for (const bool journal : {true, false}) {
    {
      auto w = writer();
      write_two(w);
    }
    const fs::path folder = partial() / "a/test";
    io::write_text(folder / (journal ? "journal.json" : "logits.npy"), "damaged");
    auto w = writer();
    EXPECT_EQ(w.done(), 0u);
    write_two(w);
    write_one(w);
    w.finish();
    EXPECT_THAT(bank_.array("a/test", "labels").as<std::int64_t>(), ElementsAre(0, 1, -1));
  }
}

TEST_F(SplitWriterTest, WithoutACommitNothingRemains) {
  {
    auto w = writer();
    w.write("labels", labels({0, 1}));
  }
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(SplitWriterTest, NotFiniteValuesAreNamedAndLeaveTheOldSplit) {
  write_all_three();
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto w = writer();
    write_two(w);
    write_one(w, bad);
    EXPECT_THAT(io::error_of([&] { w.finish(); }),
                HasSubstr("a/test/logits: expected finite numbers, found"));
  }
  EXPECT_EQ(writer().done(), 0u);
  const auto bank = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank.array("a/test", "logits").as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));

  auto w = writer();
  write_two(w);
  write_one(w, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(io::error_of([&] { w.finish(); }), HasSubstr("found nan at row 2, column 1"));
}

TEST_F(SplitWriterTest, ReplacesTheOldSplitAndKeepsItsMappedArrays) {
  write_all_three();
  const Array old = bank_.array("a/test", "logits");
  SplitWriter w(bank_, "a/test", 1, {{"logits", DType::float32, {4}}}, {});
  w.write("logits", Array({1, 4}, std::vector<float>{7, 7, 7, 7}));
  w.commit(1);
  w.finish();
  EXPECT_EQ(old.as<float>()[0], 1);
  const auto bank = FeatureBank::open(folder_ / "bank");
  EXPECT_EQ(bank.array("a/test", "logits").shape(), (Shape{1, 4}));
  EXPECT_FALSE(bank.has("a/test", "labels"));
  EXPECT_FALSE(fs::exists(folder_ / "bank/a/test/labels.npy"));
}

class JoiningTest : public SplitWriterTest {
 protected:
  SplitWriter joining(std::size_t rows, const char* array, const nlohmann::json& from) {
    return {bank_, "a/test",  rows, {{array, DType::float32, {}, {{"import", from}}}},
            {},    Rest::kept};
  }
  void join(const char* array, float first, const nlohmann::json& from = "x.npy") {
    auto w = joining(3, array, from);
    w.write(array, Array({3}, std::vector<float>{first, 1, 2}));
    w.commit(3);
    w.finish();
  }
};

TEST_F(JoiningTest, KeepsTheOtherArraysNamesAndInputs) {
  {
    auto w = writer();
    write_two(w);
    write_one(w);
    w.set_paths({"a", "b", "c"});
    w.finish();
  }
  const nlohmann::json before = bank_.manifest("a/test");
  join("one", 7);
  join("two", 8);
  join("one", 9, "y.npy");
  const FeatureBank bank = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank.arrays("a/test"), ElementsAre("labels", "logits", "one", "two"));
  EXPECT_THAT(bank.array("a/test", "one").as<float>(), ElementsAre(9, 1, 2));
  EXPECT_THAT(bank.array("a/test", "two").as<float>(), ElementsAre(8, 1, 2));
  EXPECT_THAT(bank.array("a/test", "logits").as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(bank.paths("a/test"), ElementsAre("a", "b", "c"));
  const nlohmann::json& after = bank.manifest("a/test");
  EXPECT_EQ(after.at("arrays").at("logits"), before.at("arrays").at("logits"));
  EXPECT_EQ(after.at("inputs"), nlohmann::json({{"weights", "abc"}}));
  EXPECT_EQ(bank.inputs("a/test", "one"), nlohmann::json({{"import", "y.npy"}}));
  EXPECT_EQ(bank.inputs("a/test", "two"), nlohmann::json({{"import", "x.npy"}}));
  EXPECT_EQ(bank.inputs("a/test", "none"), nlohmann::json::object());
  bank.verify();
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(JoiningTest, SettingsOfAProbeStandBesideEachOther) {
  write_all_three();
  const fs::path logits = folder_ / "bank/a/test/logits.npy";
  const auto inode = [&] {
    struct stat status {};
    EXPECT_EQ(::stat(logits.c_str(), &status), 0);
    return status.st_ino;
  };
  const auto before = inode();
  join("odin(epsilon=0.002,T=1000)", 7);
  join("odin(epsilon=0.004,T=1000)", 8);
  const FeatureBank bank = FeatureBank::open(folder_ / "bank");
  EXPECT_EQ(bank.array("a/test", "odin(epsilon=0.002,T=1000)").as<float>()[0], 7);
  EXPECT_EQ(bank.array("a/test", "odin(epsilon=0.004,T=1000)").as<float>()[0], 8);
  EXPECT_TRUE(fs::exists(folder_ / "bank/a/test/odin(epsilon=0.004,T=1000).npy"));
  EXPECT_EQ(inode(), before) << "what stays is the same file";
}

TEST_F(JoiningTest, LeavesOutWhatIsOutOfDate) {
  write_all_three();
  join("one", 7);
  auto w = joining(3, "two", "x.npy");
  w.write("two", Array({3}, std::vector<float>{0, 1, 2}));
  w.commit(3);
  w.leave_out({"one"});
  w.finish();
  EXPECT_THAT(FeatureBank::open(folder_ / "bank").arrays("a/test"),
              ElementsAre("labels", "logits", "two"));
  EXPECT_FALSE(fs::exists(folder_ / "bank/a/test/one.npy"));
}

TEST_F(JoiningTest, OtherInputsOfAnArrayBeginAnew) {
  write_all_three();
  const auto begin = [&](const char* from) {
    auto w = joining(3, "one", from);
    const std::size_t done = w.done();
    if (done == 0) {
      w.write("one", Array({2}, std::vector<float>{1, 2}));
      w.commit(2);
    }
    return done;
  };
  EXPECT_EQ(begin("x.npy"), 0u);
  EXPECT_EQ(begin("x.npy"), 2u);
  EXPECT_EQ(begin("y.npy"), 0u);
}

TEST_F(JoiningTest, OtherRowsAreRefusedBeforeTheWork) {
  write_all_three();
  EXPECT_THAT(
      io::error_of([&] { joining(5, "one", "x.npy"); }),
      HasSubstr("a/test: expected 3 rows as its labels, logits have, found 5; give another name"));
  EXPECT_EQ(bank_.rows("a/test"), 3u);
  EXPECT_FALSE(fs::exists(partial()));
  // Where nothing would remain of the old ones, there is nothing to agree with.
  SplitWriter w(bank_, "a/test", 1, plan, {}, Rest::kept);
}

TEST_F(JoiningTest, ADamagedArrayStaysWhatItIsUntilItIsReplaced) {
  write_all_three();
  fs::remove(folder_ / "bank/a/test/logits.npy");
  io::write_text(folder_ / "bank/a/test/labels.npy", "damaged");
  bank_ = FeatureBank::open(folder_ / "bank");
  join("one", 7);
  bank_ = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank_.array("a/test", "one").as<float>(), ElementsAre(7, 1, 2));
  EXPECT_THAT(io::error_of([&] { bank_.array("a/test", "logits"); }), HasSubstr("cannot be read"));
  EXPECT_THAT(io::error_of([&] { bank_.array("a/test", "labels"); }), HasSubstr("something else"));
  {
    SplitWriter w(bank_, "a/test", 3, plan, {}, Rest::kept);
    write_two(w);
    write_one(w);
    w.finish();
  }
  EXPECT_TRUE(FeatureBank::open(folder_ / "bank").whole("a/test"));
  EXPECT_TRUE(bank_.has("a/test", "one"));
}

TEST_F(JoiningTest, WhatDoesNotEndLeavesTheSplitAsItWas) {
  write_all_three();
  {
    auto w = joining(3, "one", "x.npy");
    w.write("one", Array({2}, std::vector<float>{1, 2}));
    w.commit(2);
  }
  const FeatureBank bank = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank.arrays("a/test"), ElementsAre("labels", "logits"));
  bank.verify();
}

TEST_F(SplitWriterTest, WrongRowsAreRefused) {
  auto w = writer();
  EXPECT_THAT(io::error_of([&] { w.write("scores", labels({1})); }),
              HasSubstr("'scores' was not planned"));
  EXPECT_THAT(io::error_of([&] {
                w.write("labels", logits({1, 2}));
              }),
              HasSubstr("a/test/labels: expected int64 rows of shape [], found float32 [1, 2]"));
  EXPECT_THAT(io::error_of([&] {
                w.write("labels", labels({1, 2, 3, 4}));
              }),
              HasSubstr("4 more rows"));
  w.write("labels", labels({1, 2}));
  w.write("logits", logits({1, 2}));
  EXPECT_THAT(io::error_of([&] { w.commit(2); }),
              HasSubstr("logits: 1 rows were written, expected 2"));
  EXPECT_THAT(io::error_of([&] { w.finish(); }), HasSubstr("expected 3 rows, found 0"));
}

TEST_F(SplitWriterTest, BadPlansAreRefused) {
  const auto error = [&](const std::string& split, std::size_t rows,
                         std::vector<ArrayPlan> arrays) {
    return io::error_of([&] { SplitWriter(bank_, split, rows, std::move(arrays), {}); });
  };
  for (const char* name : {"", "a", "a/b/c", "/a", "a/", "../a", "a/..", "/etc/passwd", "a/b c",
                           "head/x", ".partial/a", "a\\b/c", "a/\xc3\xa9"}) {
    EXPECT_THAT(error(name, 1, plan), HasSubstr("expected SET/SPLIT")) << name;
  }
  EXPECT_THAT(error(std::string(101, 'a') + "/b", 1, plan), HasSubstr("at most 100 each"));
  for (const char* name : {"", "..", "a/b", ".x", "a b", "odin(x='1')", "odin;x", "a\nb"}) {
    EXPECT_THAT(error("a/b", 1, {{name, DType::float32, {2}}}), HasSubstr("name of an array"))
        << name;
  }
  EXPECT_THAT(error("a/b", 0, plan), HasSubstr("at least one row"));
  EXPECT_THAT(error("a/b", 1, {}), HasSubstr("at least one array"));
  EXPECT_THAT(error("a/b", 1, {plan[0], plan[0]}), HasSubstr("'logits' twice"));
  EXPECT_THAT(error("a/b", 1, {{"logits", DType::float64, {2}}}), HasSubstr("expected float32"));
  EXPECT_THAT(error("a/b", 1, {{"labels", DType::int32, {}}}), HasSubstr("expected int64"));
  EXPECT_THAT(error("a/b", 1, {{"x", DType::float32, {0}}}), HasSubstr("no values"));
  EXPECT_THAT(error("a/b", std::size_t{1} << 62, plan), HasSubstr("too large"));
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(SplitWriterTest, MoreThanTheDiskHoldsIsKnownAtOnce) {
  const std::size_t rows = (std::size_t{1} << 62) / 8;  // 4 exabytes
  EXPECT_THAT(io::error_of([&] {
                SplitWriter(bank_, "a/b", rows, {{"labels", DType::int64, {}}}, {});
              }),
              HasSubstr("cannot be reserved"));
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(SplitWriterTest, WidthsMustFitTheBank) {
  write_all_three();
  EXPECT_THAT(io::error_of([&] {
                SplitWriter(bank_, "b/test", 1, {{"logits", DType::float32, {3}}}, {});
              }),
              HasSubstr("b/test has 3 classes, the rest of the bank 2"));
}

TEST_F(SplitWriterTest, TwoWritersOfOneSplitExcludeEachOther) {
  auto w = writer();
  EXPECT_THAT(io::error_of([&] { writer(); }), HasSubstr("another process"));
}

TEST_F(SplitWriterTest, TheFolderThatIsLockedStaysWhereItIs) {
  const auto inode = [&] {
    struct stat status {};
    EXPECT_EQ(::stat((partial() / "a/test").c_str(), &status), 0);
    return status.st_ino;
  };
  {
    auto w = writer();
    write_two(w);
  }
  const auto before = inode();
  io::write_text(partial() / "a/test/rest.tmp", "of a crash");
  auto w = writer(4);
  EXPECT_EQ(inode(), before);
  EXPECT_FALSE(fs::exists(partial() / "a/test/rest.tmp"));
  EXPECT_FALSE(fs::exists(partial() / "a/test/journal.json"));
}

TEST_F(SplitWriterTest, AnotherProcessMayAddSplitsMeanwhile) {
  auto other = FeatureBank::open(folder_ / "bank");
  auto w = writer();
  {
    SplitWriter second(other, "b/test", 1, {{"labels", DType::int64, {}}}, {});
    second.write("labels", labels({1}));
    second.commit(1);
    second.finish();
  }
  write_two(w);
  write_one(w);
  w.finish();
  EXPECT_THAT(FeatureBank::open(folder_ / "bank").splits(), ElementsAre("a/test", "b/test"));
}

TEST_F(SplitWriterTest, CrashBetweenRenameAndManifestLeavesAUsableBank) {
  write_all_three();
  const auto manifest = io::read_json(folder_ / "bank/bank.json");
  // What is on the disk then: the new folder with its entry, and the manifest from before.
  io::write_json(folder_ / "bank/a/test/entry.json", manifest["splits"]["a/test"]);
  auto before = manifest;
  before["splits"].clear();
  io::write_json(folder_ / "bank/bank.json", before);

  const auto bank = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank.array("a/test", "labels").as<std::int64_t>(), ElementsAre(0, 1, -1));
  EXPECT_FALSE(fs::exists(folder_ / "bank/a/test/entry.json"));
  EXPECT_EQ(io::read_json(folder_ / "bank/bank.json"), manifest);
}

TEST_F(SplitWriterTest, CrashBetweenTwoRenamesLeavesTheOldSplit) {
  write_all_three();
  fs::create_directories(partial() / "a");
  fs::rename(folder_ / "bank/a/test", partial() / "a/test.old");
  const auto bank = FeatureBank::open(folder_ / "bank");
  EXPECT_THAT(bank.array("a/test", "labels").as<std::int64_t>(), ElementsAre(0, 1, -1));
}

TEST_F(SplitWriterTest, CompleteButUnfinishedIsFinishedByTheNext) {
  {
    auto w = writer();
    write_two(w);
    write_one(w);
  }
  auto w = writer();
  EXPECT_EQ(w.done(), 3u);
  w.finish();
  EXPECT_EQ(bank_.rows("a/test"), 3u);
}

}  // namespace
}  // namespace nescio::bank
