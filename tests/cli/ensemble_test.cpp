// Several banks of the same rows, evaluated as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
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

// Lakshminarayanan et al. and Smith and Gal, in double from the logits of both networks.
TEST_F(Ensemble, HasScoresOfTheMeanSoftmax) {
  const std::vector<std::string> specs = {"ensemble(msp)", "ensemble(entropy)",
                                          "ensemble(mutual_information)",
                                          "ensemble(msp,of=logits)"};
  const Outcome done = nescio_program({"evaluate", "bank=" + both(), "id=in/test", "near=near/test",
                                       "bootstrap=0", "scores=true", "executor=reference",
                                       "detectors=msp," + join(specs, ","), "out=" + path("run")});
  ASSERT_EQ(done.code, 0) << done.log;
  const auto logits_of = [](const std::string& bank) {
    return io::read_npy(bank + "/near/test/logits.npy").to_float64();
  };
  const Array one = logits_of(one_.bank()), two = logits_of(two_.bank());
  const auto softmax = [](const Array& logits, std::size_t row, const Array* other = nullptr) {
    std::vector<double> p(logits.cols());
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      const std::size_t at = row * p.size() + c;
      const double z = logits.as<double>()[at];
      sum += p[c] = std::exp(other ? (z + other->as<double>()[at]) / 2 : z);
    }
    for (double& x : p) x /= sum;
    return p;
  };
  const auto entropy = [](const std::vector<double>& p) {
    double sum = 0;
    for (const double x : p) sum -= x * std::log(x);
    return sum;
  };
  const auto odds = [](const std::vector<double>& p) {
    const double largest = *std::max_element(p.begin(), p.end());
    return std::log((1 - largest) / largest);
  };
  std::vector<Array> found;
  for (const std::string& spec : specs) {
    found.push_back(io::read_npy(path("run/scores/" + spec + "/near/test.npy")));
    ASSERT_EQ(found.back().size(), one.rows());
  }
  for (std::size_t r = 0; r < one.rows(); ++r) {
    const auto p = softmax(one, r), q = softmax(two, r);
    std::vector<double> mean(p.size());
    for (std::size_t c = 0; c < mean.size(); ++c) mean[c] = (p[c] + q[c]) / 2;
    const std::vector<double> expected = {odds(mean), entropy(mean),
                                          entropy(mean) - (entropy(p) + entropy(q)) / 2,
                                          odds(softmax(one, r, &two))};
    for (std::size_t s = 0; s < specs.size(); ++s) {
      EXPECT_NEAR(found[s].as<double>()[r], expected[s], 1e-9) << specs[s] << ' ' << r;
    }
    EXPECT_GE(found[2].as<double>()[r], -1e-12);
  }
}

TEST_F(Ensemble, RefusesWhatIsNoScoreOfSeveralNetworks) {
  const auto refused = [&](const std::string& bank, const std::string& spec) {
    return nescio_program({"evaluate", "bank=" + bank, "train=in/train", "id=in/test",
                           "near=near/test", "bootstrap=0", "detectors=" + spec,
                           "out=" + path("run")});
  };
  const Outcome one = refused(one_.bank(), "ensemble(msp)");
  EXPECT_EQ(one.code, 2);
  EXPECT_THAT(one.log, HasSubstr("[ensemble(msp)] reads several networks"));
  const std::string logits = one_.bank() + "/far/test/logits.npy";
  ASSERT_EQ(
      nescio_program({"import", "bank=" + one_.bank(), "as=more/test", "logits=" + logits}).code,
      0);
  const Outcome lacks = nescio_program({"evaluate", "bank=" + both(), "id=in/test",
                                        "near=more/test", "detectors=msp", "out=" + path("run")});
  EXPECT_EQ(lacks.code, 1);
  EXPECT_THAT(lacks.log, HasSubstr(two_.bank() + ": there is no split 'more/test'"));
  const Outcome learns = refused(both(), "ensemble(knn)");
  EXPECT_EQ(learns.code, 2);
  EXPECT_THAT(learns.log, HasSubstr("reads more than logits, or learns"));
  EXPECT_EQ(refused(both(), "ensemble(of=logits)").code, 2);
  EXPECT_EQ(refused(both(), "ensemble(mutual_information,of=logits)").code, 2);
  EXPECT_EQ(refused(both(), "ensemble(msp,of=ranks)").code, 2);
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
