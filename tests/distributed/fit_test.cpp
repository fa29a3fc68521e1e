// nescio fit and score by several processes that mpirun starts.
#include <gmock/gmock.h>

#include <filesystem>

#include "launched.h"

namespace nescio {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// All kinds of statistics: sums, classes, covariances, quantiles, choices of rows, rows themselves, clusters.
constexpr const char* everything =
    "react(q=0.9)+mean(vim,mahalanobis(shrinkage=ledoit_wolf),relative_mahalanobis,knn(k=20),gmm("
    "components=3),"
    "gmm(covariance=diagonal),openmax,kl_matching,she,she(metric=hopfield),nnguide(alpha=0.5),"
    "relation,neco,pnml,residual,fdbd,nci,weiper,cadref)";

class LaunchedFit : public Launched {
 protected:
  void SetUp() override { small_bank("bank", 7000); }
};

TEST_F(LaunchedFit, GivesTheDetectorOfOne) {
  for (const char* spec : {everything, "vra+grood", "energy"}) {
    const auto [one, status] = shell(by(1, fit(spec, "bank", "one")));
    ASSERT_EQ(status, 0) << one;
    for (const int processes : {2, 4}) {
      const auto [said, code] = shell(by(processes, fit(spec, "bank", "several")));
      ASSERT_EQ(code, 0) << said;
      expect_same_file("one/learned.safetensors", "several/learned.safetensors");
      expect_same_file("one/detector.json", "several/detector.json");
      EXPECT_EQ(said.find("fitted and saved"), said.rfind("fitted and saved")) << said;
    }
  }
}

TEST_F(LaunchedFit, ScoresWithTheBitsOfOne) {
  const auto [fitted, status] = shell(by(1, fit(everything, "bank", "detector")));
  ASSERT_EQ(status, 0) << fitted;
  ASSERT_EQ(shell(by(1, score("detector", "bank", "one"))).second, 0);
  for (const int processes : {2, 4}) {
    const std::string out = text("by", processes);
    const auto [said, code] = shell(by(processes, score("detector", "bank", out)));
    ASSERT_EQ(code, 0) << said;
    for (const char* split : {"/toy/test.npy", "/toy/train.npy"}) {
      expect_same_file(out + split, std::string("one") + split);
    }
    EXPECT_EQ(said.find("test.npy"), said.rfind("test.npy")) << said;
  }
  const std::string judged =
      text("score '", path("detector"), "' 'bank=", path("bank"), "' sets=toy/test format=csv");
  const auto one = shell(by(1, judged) + " 2>/dev/null").first;
  EXPECT_THAT(one, HasSubstr("toy/test:2999,"));
  EXPECT_EQ(shell(by(3, judged) + " 2>/dev/null").first, one);
}

TEST_F(LaunchedFit, DividesTheRowsThatADetectorHolds) {
  ASSERT_EQ(shell(by(1, fit("knn(k=50)", "bank", "knn"))).second, 0);
  ASSERT_EQ(shell(by(1, fit("relation", "bank", "relation"))).second, 0);
  for (const char* detector : {"knn", "relation"}) {
    ASSERT_EQ(shell(by(1, score(detector, "bank", "one", "divide=fitted"))).second, 0);
    for (const int processes : {2, 4}) {
      const auto [said, code] =
          shell(by(processes, score(detector, "bank", "divided", "divide=fitted")));
      ASSERT_EQ(code, 0) << said;
      const Array one = io::read_npy(path("one/toy/test.npy"));
      const Array divided = io::read_npy(path("divided/toy/test.npy"));
      for (std::size_t r = 0; r < one.size(); ++r) {
        const float a = one.as<float>()[r], b = divided.as<float>()[r];
        ASSERT_NEAR(a, b, std::string("knn") == detector ? 0 : 1e-6 * std::abs(a)) << detector;
      }
    }
  }
}

TEST_F(LaunchedFit, ScoresPicturesWithTheAnswersOfOne) {
  ASSERT_EQ(shell(by(1, small_training("run", "steps=1"))).second, 0);
  ASSERT_EQ(shell(by(1, small_extraction("shapes", 60))).second, 0);
  ASSERT_EQ(shell(by(1, text("fit mahalanobis 'bank=", path("shapes"),
                             "' train=shapes/val 'out=", path("detector"), "'")))
                .second,
            0);
  const auto answers = [&](int processes, const std::string& out) {
    return shell(by(processes, text("score '", path("detector"),
                                    "' 'model=mnist_convnet:", path("run/last.safetensors"),
                                    "' 'data=procedural:shapes?split=val&count=50' format=csv "
                                    "threads=1 device=cpu 'out=",
                                    path(out), "' 2>/dev/null")));
  };
  const auto [one, status] = answers(1, "one");
  ASSERT_EQ(status, 0) << one;
  for (const int processes : {2, 6}) {
    EXPECT_EQ(answers(processes, "several").first, one);
    expect_same_file("several/scores.npy", "one/scores.npy");
  }
}

TEST_F(LaunchedFit, SaysWhatIsWrong) {
  const auto [said, code] = shell(by(2, fit("knn(k=8000)", "bank", "detector")));
  EXPECT_NE(code, 0);
  EXPECT_THAT(said, HasSubstr("k = 8000 is more than the 7000 training rows"));
  EXPECT_FALSE(fs::exists(path("detector")));
}

// The launcher ends the others, and nothing is left of it.
TEST_F(LaunchedFit, EndsWithOneThatIsKilled) {
  small_bank("large", 60'000);
  const std::string busy =
      "[ \"$(ps -o cputimes= -p $(pgrep -P $launcher -f components | tail -n 1) | tr -d ' ')\" -ge "
      "3 ]";
  const auto [said, code] =
      shell(kill_one(by(2, fit("gmm(components=60)", "large", "detector")), busy, "components"));
  EXPECT_NE(code, 0) << said;
  EXPECT_NE(code, 9) << said;
  EXPECT_THAT(said, testing::Not(HasSubstr("still there")));
  EXPECT_THAT(said, HasSubstr("exited on signal 9"));
  EXPECT_FALSE(fs::exists(path("detector")));
  EXPECT_FALSE(fs::exists(path("detector.partial")));
}

}  // namespace
}  // namespace nescio
