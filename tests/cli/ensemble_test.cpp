// Several banks of the same rows, evaluated as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/json_file.h"
#include "io/npy.h"
#include "program.h"
#include "world.h"

namespace nescio {
namespace {

using testing::HasSubstr;

/// Two networks with features of their own.
class Ensemble : public testing::Test {
 protected:
  Outcome evaluate(const std::string& bank, const std::string& out) const {
    return nescio_program({"evaluate", "bank=" + bank, "train=in/train", "id=in/test",
                           "near=near/test", "bootstrap=0", "scores=true",
                           "detectors=energy,knn(k=3)", "out=" + path(out)});
  }
  std::string path(const std::string& name) const { return one_.path(name); }
  std::string both() const { return one_.bank() + "," + two_.bank(); }
  std::vector<float> scores(const std::string& run, const std::string& detector) const {
    const Array array = io::read_npy(path(run + "/scores/" + detector + "/near/test.npy"));
    return {array.as<float>().begin(), array.as<float>().end()};
  }

  TestBank one_;
  TestBank two_{{.classes = 4, .width = 12}};
};

TEST_F(Ensemble, HasTheMeanOfTheScoresOfItsBanks) {
  ASSERT_EQ(evaluate(one_.bank(), "first").code, 0);
  ASSERT_EQ(evaluate(two_.bank(), "second").code, 0);
  const Outcome done = evaluate(both(), "run");
  ASSERT_EQ(done.code, 0) << done.log;
  for (const char* detector : {"energy", "knn(k=3)"}) {
    const auto first = scores("first", detector), second = scores("second", detector);
    const auto mean = scores("run", detector);
    ASSERT_EQ(mean.size(), first.size());
    EXPECT_NE(first, second);
    for (std::size_t r = 0; r < mean.size(); ++r) {
      EXPECT_NEAR(mean[r], (first[r] + second[r]) / 2, 1e-5) << detector << ' ' << r;
    }
  }
  const auto results = io::read_json(path("run/results.json"));
  EXPECT_EQ(results.at("bank").at("path"), one_.bank());
  EXPECT_EQ(results.at("further_banks").at(0).at("path"), two_.bank());
  EXPECT_THAT(io::read_text(path("run/report.html")), HasSubstr("<h1>2 networks on in/test"));
}

TEST_F(Ensemble, IsARunThatCanBeCompared) {
  ASSERT_EQ(evaluate(one_.bank(), "first").code, 0);
  ASSERT_EQ(evaluate(both(), "run").code, 0);
  const Outcome compared = nescio_program({"compare", "bootstrap=20", "out=" + path("out"),
                                           "arms=" + path("first") + ";" + path("run"), "--json"});
  ASSERT_EQ(compared.code, 0) << compared.log;
  EXPECT_EQ(io::parse_json(compared.out, "stdout").at("arms").size(), 2U);
}

TEST_F(Ensemble, OfOtherRowsIsRefused) {
  const std::vector<std::string> other = {"import", "bank=" + two_.bank(), "as=in/test",
                                          "logits=" + path("other.npy"), "replace=true"};
  io::write_npy(path("other.npy"), Array({3, 4}, std::vector<float>(12)));
  ASSERT_EQ(nescio_program(other).code, 0);
  const Outcome refused = evaluate(both(), "run");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.log, HasSubstr("3 rows in " + two_.bank()));
  EXPECT_THAT(refused.log, HasSubstr("only the same rows can stand side by side"));
}

}  // namespace
}  // namespace nescio
