#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/row_argmax.h"
#include "extract/probe.h"
#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

using Matrix2 = std::vector<std::vector<double>>;  // [channels][pixels]

/// The paper's equation with its C x C matrix, entry by entry.
std::vector<double> gram_rows(const Matrix2& f, int powers) {
  std::vector<double> out;
  for (int p = 1; p <= powers; ++p) {
    for (std::size_t c = 0; c < f.size(); ++c) {
      double row = 0;
      for (std::size_t d = 0; d < f.size(); ++d) {
        double entry = 0;
        for (std::size_t x = 0; x < f[c].size(); ++x)
          entry += std::pow(f[c][x], p) * std::pow(f[d][x], p);
        row += entry;
      }
      out.push_back(std::copysign(std::pow(std::abs(row), 1.0 / p), row));
    }
  }
  return out;
}

/// Both taps of picture r of the test network.
std::vector<Matrix2> maps(const std::vector<float>& images, std::size_t r) {
  Matrix2 pixels(3, std::vector<double>(4)), tokens(3, std::vector<double>(4));
  for (std::size_t i = 0; i < 12; ++i) {
    const double x = images[r * 12 + i];
    pixels[i / 4][i % 4] = x;
    tokens[i % 3][i / 3] = x * x + x / 2;
  }
  return {pixels, tokens};
}

class GramProbe : public testing::Test {
 protected:
  void fit(LearningProbe& probe) const {
    fit_on(probe, network_, learned_, std::vector<std::int64_t>(learned_rows, -1));
  }
  Array run(const Probe& probe) const {
    Pass pass(network_, seen_, probe.taps(network_));
    return probe.run(pass);
  }

  static constexpr std::size_t learned_rows = 30, rows = 6;
  TestBackbone network_;
  std::vector<float> learned_ = test_pictures(learned_rows, 1);
  std::vector<float> seen_ = test_pictures(rows, 2);
};

TEST_F(GramProbe, IsThePapersEquation) {
  constexpr int powers = 3;
  auto named = make_probes({"gram(powers=3)"});
  fit(*named[0].learning());
  const Array found = run(*named[0].probe);
  ASSERT_EQ(found.shape(), (Shape{rows, 2}));

  const Array classes = row_argmax(network_.forward(learned_).logits);
  const Array predicted = row_argmax(network_.forward(seen_).logits);
  std::size_t outside = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t l = 0; l < 2; ++l) {
      const auto v = gram_rows(maps(seen_, r)[l], powers);
      std::vector<double> low(v.size(), 1e300), high(v.size(), -1e300);
      for (std::size_t t = 0; t < learned_rows; ++t) {
        if (classes.as<std::int64_t>()[t] != predicted.as<std::int64_t>()[r]) continue;
        const auto w = gram_rows(maps(learned_, t)[l], powers);
        for (std::size_t i = 0; i < w.size(); ++i) {
          low[i] = std::min(low[i], w[i]);
          high[i] = std::max(high[i], w[i]);
        }
      }
      double expected = 0;
      for (std::size_t i = 0; i < v.size(); ++i) {
        expected += std::max(0.0, low[i] - v[i]) / std::abs(low[i] + 1e-6) +
                    std::max(0.0, v[i] - high[i]) / std::abs(high[i] + 1e-6);
      }
      outside += expected > 0;
      EXPECT_NEAR(found.as<float>()[r * 2 + l], expected, 1e-4 * (1 + expected)) << r << ' ' << l;
    }
  }
  EXPECT_GT(outside, 2u);
}

TEST_F(GramProbe, SaysNothingAboutWhatItHasLearnedFrom) {
  auto named = make_probes({"gram"});
  EXPECT_EQ(named[0].name, "gram(powers=10)");
  fit(*named[0].learning());
  Pass pass(network_, learned_, named[0].probe->taps(network_));
  const Array found = named[0].probe->run(pass);
  for (const float deviation : found.as<float>()) EXPECT_EQ(deviation, 0);
}

TEST_F(GramProbe, StaysInTheRangeOfNumbers) {
  for (const float scale : {1e-15f, 1e15f}) {
    for (float& v : learned_) v *= scale;
    for (float& v : seen_) v *= scale;
    auto named = make_probes({"gram(powers=20)"});
    fit(*named[0].learning());
    const Array found = run(*named[0].probe);
    for (const float deviation : found.as<float>()) EXPECT_TRUE(std::isfinite(deviation)) << scale;
  }
}

TEST_F(GramProbe, IsRestoredFromWhatItHasLearned) {
  auto first = make_probes({"gram"});
  fit(*first[0].learning());
  auto second = make_probes({"gram"});
  second[0].learning()->restore(first[0].learning()->learned(), network_);
  const Array a = run(*first[0].probe), b = run(*second[0].probe);
  EXPECT_TRUE(std::ranges::equal(a.as<float>(), b.as<float>()));

  auto learned = first[0].learning()->learned();
  learned["max.tokens"] = Array({2, 30}, std::vector<float>(60));
  EXPECT_THAT(
      io::error_of([&] { second[0].learning()->restore(learned, network_); }),
      testing::HasSubstr("expected bounds of tokens for 3 classes, found [3, 30] and [2, 30]"));
  learned.erase("max.tokens");
  EXPECT_THAT(io::error_of([&] { second[0].learning()->restore(learned, network_); }),
              testing::HasSubstr("tokens, which are not there"));
}

}  // namespace
}  // namespace nescio::extract
