// What is in a bank or belongs to the user stays, and what is damaged is no dead end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "bank/feature_bank.h"
#include "io/file.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Kept : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string save(const std::string& name, const Array& array) const {
    io::write_npy(folder_ / name, array);
    return path(name);
  }
  std::string matrix(const std::string& name, std::size_t rows, std::size_t cols, float v) const {
    return save(name, Array({rows, cols}, std::vector<float>(rows * cols, v)));
  }
  std::string labels(std::size_t rows) const {
    return save("y.npy", Array({rows}, std::vector<std::int64_t>(rows, 1)));
  }
  Outcome import(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"import", "bank=" + path("bank"), "as=a/train"});
    return nescio_program(arguments);
  }
  bank::FeatureBank bank() const { return bank::FeatureBank::open(path("bank")); }

  io::TestFolder folder_;
};

TEST_F(Kept, ArraysOfSeveralImportsAreJoined) {
  ASSERT_EQ(import({"logits=" + matrix("z.npy", 4, 3, 2), "labels=" + labels(4)}).code, 0);
  const Outcome second = import({"features=" + matrix("h.npy", 4, 5, 3)});
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(second.out, "a/train: 4 rows, features [5]; beside labels, logits that were there\n");
  EXPECT_EQ(second.log, "");
  EXPECT_THAT(bank().arrays("a/train"), ElementsAre("features", "labels", "logits"));
  bank().verify();
  const auto from = [&](const char* array) {
    return bank().inputs("a/train", array).at("import").at("from");
  };
  EXPECT_EQ(from("logits"), path("z.npy"));
  EXPECT_EQ(from("features"), path("h.npy"));

  const Outcome scores =
      import({"scores=" + save("s.npy", Array({4}, std::vector<float>{1, 2, 3, 4}))});
  EXPECT_EQ(scores.code, 0) << scores.log;
  EXPECT_EQ(import({"features=" + path("h.npy")}).log, "");  // the same again
  const Outcome other = import({"features=" + matrix("h2.npy", 4, 5, 9)});
  EXPECT_THAT(other.log, HasSubstr("a/train: other values replaced those of features"));
  EXPECT_THAT(bank().arrays("a/train"), ElementsAre("features", "labels", "logits", "score_s"));
}

TEST_F(Kept, OtherRowsAreRefusedUnlessAllIsReplaced) {
  ASSERT_EQ(import({"logits=" + matrix("z.npy", 4, 3, 2), "labels=" + labels(4)}).code, 0);
  expect_refusal(import({"features=" + matrix("h.npy", 6, 5, 3)}), 1,
                 {"a/train", "4 rows", "labels, logits", "found 6", "replace=true"});
  EXPECT_EQ(bank().rows("a/train"), 4U);
  // Nothing of the old ones would remain.
  EXPECT_EQ(import({"logits=" + matrix("z.npy", 6, 3, 2), "labels=" + labels(6)}).code, 0);
  const Outcome replaced = import({"features=" + matrix("h.npy", 7, 5, 3), "replace=true"});
  EXPECT_EQ(replaced.code, 0);
  EXPECT_THAT(replaced.log, HasSubstr("a/train: labels, logits that were there are gone"));
  EXPECT_THAT(bank().arrays("a/train"), ElementsAre("features"));
}

TEST_F(Kept, AKilledImportLosesNothing) {
  ASSERT_EQ(import({"logits=" + matrix("z.npy", 200000, 3, 2)}).code, 0);
  const auto features = matrix("h.npy", 200000, 40, 3);
  const fs::path partial = folder_ / "bank/.partial/a/train";
  const auto started = [&] { return fs::exists(partial / "features.npy"); };
  nescio_program_signalled(
      SIGKILL, started, {"import", "bank=" + path("bank"), "as=a/train", "features=" + features});
  EXPECT_EQ(bank().array("a/train", "logits").rows(), 200000U);
  bank().verify();
  EXPECT_EQ(import({"features=" + features}).code, 0);
  EXPECT_THAT(bank().arrays("a/train"), ElementsAre("features", "logits"));
  bank().verify();
  EXPECT_FALSE(fs::exists(partial));
}

TEST_F(Kept, ADamagedArrayIsImportedAgain) {
  ASSERT_EQ(import({"logits=" + matrix("z.npy", 4, 3, 2), "labels=" + labels(4)}).code, 0);
  ASSERT_EQ(nescio_program({"import", "bank=" + path("bank"), "as=b/test",
                            "logits=" + matrix("o.npy", 5, 3, 1)})
                .code,
            0);
  const fs::path array = folder_ / "bank/a/train/logits.npy";
  const std::string content = io::read_text(array);
  for (const std::string& damaged :
       {std::string(), content.substr(0, content.size() - 3), content + "x", content.substr(1)}) {
    io::write_text(array, damaged);
    const std::vector<std::string> fit = {"fit", "energy", "bank=" + path("bank"), "train=a/train",
                                          "out=" + path("d")};
    expect_refusal(nescio_program(fit), 1, {"logits.npy", "extract or import a/train again"});
    EXPECT_EQ(bank().array("b/test", "logits").rows(), 5U);
    const Outcome again = import({"logits=" + path("z.npy")});
    ASSERT_EQ(again.code, 0) << again.log;
    EXPECT_EQ(nescio_program(fit).code, 0);
    EXPECT_THAT(bank().arrays("a/train"), ElementsAre("labels", "logits"));
  }
  fs::remove(array);
  const Outcome beside = import({"features=" + matrix("h.npy", 4, 2, 1)});
  EXPECT_EQ(beside.code, 0) << beside.log;
  EXPECT_EQ(import({"logits=" + path("z.npy")}).code, 0);
  bank().verify();
}

TEST_F(Kept, PicturesBesideABankAreNotASplit) {
  const fs::path photo = folder_ / "data/cats/test/1.jpg";
  io::write_text(photo, "mine");
  expect_refusal(nescio_program({"import", "bank=" + path("data"), "as=cats/test",
                                 "logits=" + matrix("z.npy", 2, 3, 1)}),
                 1, {path("data/cats/test"), "no split of this bank"});
  io::write_text(folder_ / "data/head/x.npy", "mine");
  expect_refusal(
      nescio_program({"import", "bank=" + path("data"), "head_weight=" + matrix("w.npy", 3, 4, 1)}),
      1, {path("data/head"), "no head of this bank"});
  EXPECT_EQ(io::read_text(photo), "mine");
  EXPECT_EQ(io::read_text(folder_ / "data/head/x.npy"), "mine");
}

TEST_F(Kept, EvaluateWithoutABankRemovesNothing) {
  const auto id = save("id.npy", Array({4}, std::vector<float>{1, 2, 3, 4}));
  const auto near = save("near.npy", Array({2}, std::vector<float>{5, 6}));
  const std::vector<std::string> arguments = {"evaluate", "id=" + id, "near=" + near,
                                              "out=" + path("run"), "bootstrap=0"};
  io::write_text(folder_ / "run/imported/notes.txt", "mine");
  io::write_text(folder_ / "run/imported/photos/1.jpg", "mine");
  expect_refusal(nescio_program(arguments), 1, {path("run/imported"), "something else is in it"});
  EXPECT_EQ(io::read_text(folder_ / "run/imported/notes.txt"), "mine");
  EXPECT_EQ(io::read_text(folder_ / "run/imported/photos/1.jpg"), "mine");
  fs::remove_all(folder_ / "run/imported");
  EXPECT_EQ(nescio_program(arguments).code, 0);
  save("id.npy", Array({6}, std::vector<float>{1, 2, 3, 4, 5, 6}));
  const Outcome again = nescio_program(arguments);  // other files of the same names
  EXPECT_EQ(again.code, 0) << again.log;
  // A bank of the user's in that place is not touched either.
  ASSERT_EQ(nescio_program({"import", "bank=" + path("other/imported"), "as=id/test",
                            "features=" + matrix("h.npy", 6, 5, 3)})
                .code,
            0);
  expect_refusal(nescio_program({"evaluate", "id=" + id, "near=" + near, "out=" + path("other"),
                                 "bootstrap=0"}),
                 1, {path("other/imported"), "out="});
  EXPECT_TRUE(bank::FeatureBank::open(path("other/imported")).whole("id/test"));
}

TEST_F(Kept, ResultsOfAnotherProgramAreNotWrittenOver) {
  const auto id = save("id.npy", Array({4}, std::vector<float>{1, 2, 3, 4}));
  const auto near = save("near.npy", Array({2}, std::vector<float>{5, 6}));
  const std::vector<std::string> arguments = {"evaluate", "id=" + id, "near=" + near,
                                              "out=" + path("run"), "bootstrap=0"};
  io::write_text(folder_ / "run/results.csv", "mine");
  expect_refusal(nescio_program(arguments), 1, {"results.csv", "out="});
  EXPECT_EQ(io::read_text(folder_ / "run/results.csv"), "mine");
  fs::remove(folder_ / "run/results.csv");
  EXPECT_EQ(nescio_program(arguments).code, 0);
  EXPECT_EQ(nescio_program(arguments).code, 0);
}

TEST_F(Kept, ADetectorWithOtherFilesIsNotReplaced) {
  ASSERT_EQ(import({"logits=" + matrix("z.npy", 4, 3, 2)}).code, 0);
  const std::vector<std::string> fit = {"fit", "energy", "bank=" + path("bank"), "train=a/train",
                                        "out=" + path("d")};
  EXPECT_EQ(nescio_program(fit).code, 0);
  EXPECT_EQ(nescio_program(fit).code, 0);
  io::write_text(folder_ / "d/notes.txt", "mine");
  expect_refusal(nescio_program(fit), 1, {"notes.txt", "move it away"});
  EXPECT_EQ(io::read_text(folder_ / "d/notes.txt"), "mine");
  io::write_text(folder_ / "d2.partial/notes.txt", "mine");
  expect_refusal(nescio_program({"fit", "energy", "bank=" + path("bank"), "train=a/train",
                                 "out=" + path("d2")}),
                 1, {"d2.partial", "notes.txt"});
  EXPECT_EQ(io::read_text(folder_ / "d2.partial/notes.txt"), "mine");
}

// A run of others in the same folder would leave half of each.
TEST(RunFolder, IsOfOneProcessAtATime) {
  const TestBank world;
  const std::string out = world.path("run");
  const auto evaluate = [&] {
    return nescio_program({"evaluate", "bank=" + world.bank(), "id=in/test", "near=near/test",
                           "detectors=msp", "bootstrap=0", "out=" + out});
  };
  fs::create_directories(out);
  {
    const io::FolderLock held(out, false);
    expect_refusal(evaluate(), 1, {out, "another process is writing here"});
    EXPECT_TRUE(fs::is_empty(out));
  }
  EXPECT_EQ(evaluate().code, 0);
}

}  // namespace
}  // namespace nescio
