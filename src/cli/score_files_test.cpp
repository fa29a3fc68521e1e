#include "cli/score_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "io/file.h"
#include "io/test_folder.h"

namespace nescio::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const std::vector<std::string>& files) {
  std::vector<std::string> out;
  for (const ScoreFile& file : name_sets(files)) out.push_back(file.set);
  return out;
}

TEST(ScoreFiles, AreNamedByTheirFiles) {
  EXPECT_THAT(names({"a/cifar10.npz", "b/svhn.npy", "x.npz#lsun"}),
              ElementsAre("cifar10", "svhn", "x"));
  EXPECT_THAT(names({"tiny imagenet.npy", "caf\xc3\xa9/.x"}), ElementsAre("tiny_imagenet", "_x"));
  const std::string longest(100, 'n');
  EXPECT_EQ(names({text("a/", longest, longest, ".npy")}).front(), longest);
  EXPECT_EQ(names({"head.npy"}).front(), "head_");
}

TEST(ScoreFiles, OfOneNameAreNamedByWhatTellsThemApart) {
  EXPECT_THAT(names({"all.npz#id", "all.npz#svhn", "all.npz#lsun"}),
              ElementsAre("id", "svhn", "lsun"));
  EXPECT_THAT(names({"cifar10/energy.npy", "s v/energy.npy", "tin.npy"}),
              ElementsAre("cifar10", "s_v", "tin"));
  EXPECT_THAT(names({"a/s.npz#conf", "b/s.npz#conf"}), ElementsAre("a", "b"));
}

TEST(ScoreFiles, TakeNames) {
  const auto files = name_sets({"all.npz", "svhn=all.npz#x", "my set=b/all.npz"});
  EXPECT_EQ(files[0].set, "all");
  EXPECT_EQ(files[1].set, "svhn");
  EXPECT_EQ(files[1].source, "all.npz#x");
  EXPECT_EQ(files[2].set, "my_set");
  EXPECT_EQ(files[2].source, "b/all.npz");
}

TEST(ScoreFiles, MayHaveAnEqualsSignInTheirOwnNames) {
  const io::TestFolder folder;
  io::write_text(folder / "T=1.npy", "");
  const std::string path = (folder / "T=1.npy").string();
  EXPECT_EQ(name_sets({path})[0].source, path);
  EXPECT_EQ(name_sets({path})[0].set, "T_1");
  EXPECT_EQ(name_sets({"svhn=" + path})[0].source, path);
}

TEST(ScoreFiles, OfOneSetAreRefusedWithAWayOut) {
  for (const std::vector<std::string>& same :
       std::vector<std::vector<std::string>>{{"a.npy", "a.npy"},
                                             {"x=a.npy", "x=b.npy"},
                                             {"a/x.npy", "a/x.npz"},
                                             {"x=a.npy", "x.npy"}}) {
    EXPECT_THAT(io::error_of([&] { name_sets(same); }), HasSubstr("give others as SET=FILE"));
  }
  EXPECT_THAT(io::error_of([] { name_sets({"=a.npy"}); }), HasSubstr("expected SET=FILE"));
}

TEST(ScoreFiles, ReplaceABankOfTheirKindAndNothingElse) {
  const io::TestFolder folder;
  const auto path = folder / "imported";
  const auto refusal = [&] { return io::error_of([&] { bank_of_score_files(path); }); };
  const auto add = [&](const std::string& array) {
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(path);
    bank::SplitWriter writer(bank, "a/test", 1, {{array, DType::float32, {1}}}, {});
    writer.write(array, Array({1, 1}, std::vector<float>{1}));
    writer.commit(1);
    writer.finish();
  };
  EXPECT_EQ(refusal(), "");
  add("score_x");
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(bank::FeatureBank::open(path).splits().empty());
  io::write_text(path / "notes.txt", "mine");
  EXPECT_THAT(refusal(), HasSubstr("something else is in it"));
  std::filesystem::remove(path / "notes.txt");
  add("features");
  EXPECT_THAT(refusal(), HasSubstr("choose another out="));
  std::filesystem::remove_all(path);
  io::write_text(path / "a/b.txt", "mine");
  EXPECT_THAT(refusal(), HasSubstr("something else is in it"));
  EXPECT_EQ(io::read_text(path / "a/b.txt"), "mine");
}

}  // namespace
}  // namespace nescio::cli
