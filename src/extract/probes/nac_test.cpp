#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

constexpr std::size_t fitted_rows = 40, scored_rows = 9;

/// sigmoid(alpha a dKL/da) of each of the three channels of a place, a = its mean, by which KL(1/C || p) is
/// differentiated by moving all of its values.
std::vector<double> states(const std::vector<float>& images, std::size_t r, bool tokens,
                           double alpha) {
  const std::vector<double> x = test_picture(images, r);
  const std::vector<double> values = tokens ? test_features(x) : x;
  std::vector<double> out;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto of_channel = [&](std::size_t j) { return tokens ? j % 3 == i : j / 4 == i; };
    double mean = 0;
    for (std::size_t j = 0; j < 12; ++j) mean += of_channel(j) ? values[j] / 4 : 0;
    const auto divergence = [&](const std::vector<double>& by) {
      std::vector<double> moved = values;
      for (std::size_t j = 0; j < 12; ++j) moved[j] += of_channel(j) ? by[0] : 0;
      double sum = 0;
      for (const double v : log_softmax(test_logits(tokens ? moved : test_features(moved)))) {
        sum += (std::log(1.0 / 3) - v) / 3;
      }
      return sum;
    };
    out.push_back(1 / (1 + std::exp(-alpha * mean * test_slopes(divergence, {0})[0])));
  }
  return out;
}

class NacProbe : public testing::Test {
 protected:
  Array run(const Probe& probe) const {
    Pass pass(network_, seen_, probe.taps(network_));
    return probe.run(pass);
  }
  void fit(const NamedProbe& named) const {
    fit_on(*named.learning(), network_, learned_, std::vector<std::int64_t>(fitted_rows, -1));
  }

  TestBackbone network_;
  std::vector<float> learned_ = test_pictures(fitted_rows, 3),
                     seen_ = test_pictures(scored_rows, 2);
};

TEST_F(NacProbe, IsThePapersEquation) {
  for (const bool tokens : {false, true}) {
    const auto named =
        make_probes({text("nac(at=", tokens ? "last" : "pixels", ",alpha=20,bins=7,full=0.5)")});
    fit(named[0]);
    const Array found = run(*named[0].probe);
    ASSERT_EQ(found.shape(), (Shape{scored_rows, 1}));
    const auto bin = [](double s) { return std::min(6, static_cast<int>(s * 7)); };
    std::size_t partly = 0;
    for (std::size_t r = 0; r < scored_rows; ++r) {
      const auto now = states(seen_, r, tokens, 20);
      double covered = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        double count = 0;
        for (std::size_t t = 0; t < fitted_rows; ++t) {
          count += bin(states(learned_, t, tokens, 20)[i]) == bin(now[i]);
        }
        covered += std::min(1.0, count / (0.5 * fitted_rows)) / 3;
      }
      partly += covered > 0 && covered < 1;
      EXPECT_NEAR(found.as<float>()[r], 1 - covered, 1e-6) << tokens << ' ' << r;
    }
    EXPECT_GT(partly, 2u);
  }
}

TEST_F(NacProbe, TakesTheAuthorsBins) {
  // log_1000 of 1, 1 + s, 1 + 2 s ... sqrt(1000) and their mirror images, for 6 bins: s = (sqrt(1000) - 1) / 3.
  const double s = (std::sqrt(1000.0) - 1) / 3;
  const double one = std::log(1 + s) / std::log(1000.0),
               two = std::log(1 + 2 * s) / std::log(1000.0);
  const std::vector<double> borders = {one, two, 0.5, 1 - two, 1 - one};
  const auto named = make_probes({"nac(at=pixels,alpha=20,bins=8,full=0.2,variant=authors)"});
  fit(named[0]);
  const Array covered = named[0].learning()->learned().at("covered");
  ASSERT_EQ(covered.shape(), (Shape{3, 6}));
  std::vector<double> counts(18);
  for (std::size_t t = 0; t < fitted_rows; ++t) {
    const auto now = states(learned_, t, false, 20);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto below = std::ranges::count_if(borders, [&](double b) { return b <= now[i]; });
      ++counts[i * 6 + static_cast<std::size_t>(below)];
    }
  }
  for (std::size_t i = 0; i < 18; ++i) {
    EXPECT_NEAR(covered.as<float>()[i], std::min(1.0, counts[i] / (0.2 * fitted_rows)), 1e-6) << i;
  }
}

TEST_F(NacProbe, SharesThePassBackFromAPlace) {
  const auto named = make_probes({"nac", "nac(bins=10)", "nac(at=tokens,alpha=1)"});
  for (const NamedProbe& one : named) fit(one);
  network_.forward_passes = network_.partial_passes = network_.passes_back = 0;
  Pass pass(network_, seen_, {"tokens"});
  for (const NamedProbe& one : named) one.probe->run(pass);
  EXPECT_EQ(network_.forward_passes, 1);
  EXPECT_EQ(network_.partial_passes, 1);
  EXPECT_EQ(network_.passes_back, 1);
  EXPECT_EQ(network_.traces, 0);
}

TEST_F(NacProbe, IsRestoredFromWhatItHasLearned) {
  const auto first = make_probes({"nac(alpha=1)"}), second = make_probes({"nac(alpha=1)"});
  fit(first[0]);
  second[0].learning()->restore(first[0].learning()->learned(), network_);
  const Array a = run(*first[0].probe), b = run(*second[0].probe);
  EXPECT_TRUE(std::ranges::equal(a.as<float>(), b.as<float>()));
  EXPECT_THAT(io::error_of([&] {
                second[0].learning()->restore({{"covered", Array({3, 4}, std::vector<float>(12))}},
                                              network_);
              }),
              testing::HasSubstr("expected what is covered as [neurons, 50], found [3, 4]"));
  EXPECT_THAT(io::error_of([&] { second[0].learning()->restore({}, network_); }),
              testing::HasSubstr("which is not there"));
}

TEST_F(NacProbe, NamesTheNearestPlace) {
  EXPECT_THAT(io::error_of([&] { make_probes({"nac(at=token)"})[0].probe->width(network_); }),
              testing::HasSubstr("[nac] the network has no tap 'token'. Did you mean 'tokens'?"));
}

}  // namespace
}  // namespace nescio::extract
