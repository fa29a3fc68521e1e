// The exit status: 2 for the words of a command, 1 for the files that they name.
#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/verb.h"
#include "io/test_folder.h"

namespace nescio::cli {
namespace {

using testing::HasSubstr;

struct Ended {
  int code;
  std::string log;
};

Ended run(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"nescio"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_program(static_cast<int>(argv.size()), argv.data());
  testing::internal::GetCapturedStdout();
  return {code, testing::internal::GetCapturedStderr()};
}

void expect(int code, const std::vector<std::string>& words, const std::string& said) {
  const Ended ended = run(words);
  EXPECT_EQ(ended.code, code) << testing::PrintToString(words) << ended.log;
  EXPECT_THAT(ended.log, HasSubstr(said)) << testing::PrintToString(words);
}

TEST(ExitStatus, OfOptionsIsTwoInEveryVerb) {
  for (const VerbInfo& verb : verbs::catalogue()) {
    if (verb.stand_in) continue;  // says that it is not in this build
    expect(2, {verb.name, "no_such_option=1"}, "unknown parameter 'no_such_option'");
    expect(2, {verb.name, "threads=many"}, "threads: expected a whole number");
    expect(2, {verb.name, "threads=0"}, "threads: expected a value in [1, 4096]");
    expect(2, {verb.name, "seed=1", "seed=2"}, "'seed' is given twice");
    expect(2, {verb.name, "--no-such-flag"}, "--no-such-flag");
  }
}

// Of two options with one name the command line could set only the first.
TEST(Verbs, HaveEveryOptionOnce) {
  for (const VerbInfo& verb : verbs::catalogue()) {
    std::set<std::string> names;
    for (const auto& option : verb.options) {
      EXPECT_TRUE(names.insert(option.info.name).second) << verb.name << ": " << option.info.name;
    }
  }
}

TEST(ExitStatus, OfNamesAndSpecsIsTwo) {
  expect(2, {"fti"}, "Did you mean 'fit'?");
  expect(2, {"help", "evaluat"}, "Did you mean 'evaluate'?");
  expect(2, {"describe", "mds"}, "here it is called 'mahalanobis'");
  expect(2, {"list", "detector"}, "Did you mean 'detectors'?");
  expect(2, {"completion", "fish"}, "unknown value 'fish'");
  expect(2, {"fit", "kn", "bank=b", "out=o"}, "Did you mean 'knn'?");
  expect(2, {"fit", "knn(K=5)", "bank=b", "out=o"}, "unknown parameter 'K'");
  expect(2, {"fit", "knn(k=0)", "bank=b", "out=o", "train=a/b"}, ">= 1");
  expect(2, {"fit", "knn(k=5", "bank=b", "out=o"}, "')'");
  expect(2, {"demo", "detectors=enregy"}, "Did you mean 'energy'?");
  expect(2, {"demo", "steps=0"}, "steps: expected a value in [1,");
  expect(2, {"import", "bank=b", "as=intest", "logits=z.npy"}, "import: as: expected SET/SPLIT");
  expect(2, {"import", "bank=b", "as=../test", "scores=z.npy"}, "import: as: expected SET/SPLIT");
  expect(2, {"import", "bank=b", "as=a/b", "scores=z.npy", "higher=up"}, "unknown value 'up'");
  expect(2, {"compare", "a,b", "detectors=enregy", "out=o"}, "Did you mean 'energy'?");
  expect(2, {"compare", "arms=a=x;b=y", "baseline=c", "out=o"}, "no arm is called 'c'");
  expect(2, {"score", "d", "bank=b", "sets=a/b,a/b", "out=o"}, "'a/b' is given twice");
  const auto refused_after = [](const std::vector<std::string>& begin) {
    return [begin](const std::vector<std::string>& more, const std::string& said) {
      std::vector<std::string> words = begin;
      words.insert(words.end(), more.begin(), more.end());
      expect(2, words, said);
    };
  };
  const auto scored = refused_after({"score", "d", "bank=b", "sets=a/b"});
  scored({"threshold=1", "fdr=0.1"}, "give one of threshold= and fdr=");
  scored({"format=csv", "--json"}, "give one of format=csv and --json");
  const auto evaluated = refused_after({"evaluate", "bank=b", "out=o", "id=a/b"});
  evaluated({"near=c/d", "detectors=knn(k=[1,x])"}, "k: expected a whole number");
  evaluated({"near=c/d", "detectors=energy,energy"}, "twice");
  evaluated({"near=c/d", "detectors="}, "names none");
  evaluated({"near=c/d", "executor=gpu"}, "unknown value 'gpu'");
  evaluated({"near=c/d", "bootstrap=-1"}, "bootstrap");
  evaluated({"near=c/d", "far=c/d"}, "a split has one role");
  evaluated({"near=c/d", "train=a/b"}, "named as train and as id");
  evaluated({}, "near= or far=");
  evaluated({"near=c/d", "detectors=energy,knn"}, "[knn] cannot be fitted: it is fitted on train");
  evaluated({"near=c/d", "train=e/f", "detectors=react+energy"}, "no val=SET/SPLIT is given");
}

TEST(ExitStatus, OfWhatIsMissingIsTwo) {
  const io::TestFolder folder;
  const std::string protocol = folder
                                   .file("p.yaml",
                                         "name: p\nsets: {a/b: 'npy:{root}/x', c/d: "
                                         "'npy:{data}/y?index={split}'}\n"
                                         "roles: {id: a/b, near: c/d}\n")
                                   .string();
  expect(2, {"benchmark", protocol, "out=o", "model=m:w"}, "root=DIR");
  expect(2, {"benchmark", protocol, "out=o", "model=m:w", "data=d"}, "split=N");
  expect(2, {"benchmark", protocol, "out=o", "mixing=3"}, "mixing= needs model=");
  expect(2, {"benchmark", protocol, "out=o", "root=d", "data=d"}, "give root=");
  expect(2, {"fit", "knn", "bank=b", "out=o"}, "train=SET/SPLIT");
  expect(2, {"import", "bank=b"}, "nothing to import");
  expect(2, {"score", "d"}, "give model= and data=");
}

TEST(ExitStatus, OfAFileOfOptionsIsThatOfItsWords) {
  const io::TestFolder folder;
  const auto config = [&](const char* yaml) {
    return "config=" + folder.file("c.yaml", yaml).string();
  };
  expect(2, {"list", config("catalog: verbs\n")}, "Did you mean 'catalogue'?");
  expect(2, {"list", config("catalogue: verb\n")}, "Did you mean 'verbs'?");
  expect(1, {"list", config("catalogue: [verbs\n")}, "c.yaml");
  expect(1, {"list", "config=" + (folder / "none.yaml").string()}, "none.yaml");
}

TEST(ExitStatus, OfFilesIsOne) {
  const io::TestFolder folder;
  const std::string broken = folder.file("broken", "?").string();
  for (const std::string& file : {(folder / "nowhere").string(), broken}) {
    expect(1, {"fit", "energy", "bank=" + file, "out=" + (folder / "o").string()}, file);
    expect(1, {"score", file, "bank=b", "sets=a/b", "out=o"}, file);
    expect(1, {"evaluate", "bank=" + file, "id=a/b", "near=c/d", "out=" + (folder / "o").string()},
           file);
    expect(1, {"benchmark", file, "out=" + (folder / "o").string()}, file);
    expect(1, {"compare", file + "," + file + "2", "out=" + (folder / "o").string()}, file);
    expect(1, {"import", "bank=" + (folder / "b").string(), "as=a/b", "logits=" + file}, file);
  }
}

TEST(Help, IsAVerbToo) {
  const auto said = [](const std::vector<std::string>& words) {
    std::vector<const char*> argv = {"nescio"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_program(static_cast<int>(argv.size()), argv.data()), 0);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(said({"help"}), said({"--help"}));
  for (const VerbInfo& verb : verbs::catalogue()) {
    EXPECT_EQ(said({"help", verb.name}), said({verb.name, "--help"}));
  }
  EXPECT_EQ(said({"help", "knn"}), said({"describe", "knn"}));
}

}  // namespace
}  // namespace nescio::cli
