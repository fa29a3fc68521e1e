#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/matrix.h"
#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

constexpr std::size_t learned_rows = 40, rows = 6;

/// The mean token of the test network.
std::vector<double> pooled(const std::vector<double>& x) {
  const std::vector<double> f = test_features(x);
  std::vector<double> h(3);
  for (std::size_t d = 0; d < f.size(); ++d) h[d % 3] += f[d] / 4;
  return h;
}

/// b of a b = 1 by Gauss and Jordan.
Matrix inverse(Matrix a) {
  Matrix b(3, 3);
  for (std::size_t i = 0; i < 3; ++i) b(i, i) = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    const double pivot = a(i, i);
    for (std::size_t j = 0; j < 3; ++j) a(i, j) /= pivot, b(i, j) /= pivot;
    for (std::size_t r = 0; r < 3; ++r) {
      const double factor = a(r, i);
      for (std::size_t j = 0; r != i && j < 3; ++j) {
        a(r, j) -= factor * a(i, j);
        b(r, j) -= factor * b(i, j);
      }
    }
  }
  return b;
}

class LayeredMahalanobisProbe : public testing::Test {
 protected:
  LayeredMahalanobisProbe() {
    for (std::size_t i = 0; i < learned_rows; ++i) labels_.push_back(static_cast<int>(i * i % 3));
    for (std::size_t i = 0; i < 3; ++i) labels_[i] = static_cast<int>(i);  // none is empty
  }
  Array run(const Probe& probe) const {
    Pass pass(network_, seen_, probe.taps(network_));
    return probe.run(pass);
  }

  TestBackbone network_;
  std::vector<float> learned_ = test_pictures(learned_rows, 1), seen_ = test_pictures(rows, 2);
  std::vector<std::int64_t> labels_;
};

TEST_F(LayeredMahalanobisProbe, IsThePapersEquation) {
  Matrix means(3, 3), covariance(3, 3);
  std::vector<double> counts(3);
  for (std::size_t t = 0; t < learned_rows; ++t) {
    const auto h = pooled(test_picture(learned_, t));
    const auto y = static_cast<std::size_t>(labels_[t]);
    counts[y] += 1;
    for (std::size_t d = 0; d < 3; ++d) means(y, d) += h[d];
  }
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t d = 0; d < 3; ++d) means(c, d) /= counts[c];
  }
  for (std::size_t t = 0; t < learned_rows; ++t) {
    const auto h = pooled(test_picture(learned_, t));
    const auto m = means.row(static_cast<std::size_t>(labels_[t]));
    for (std::size_t d = 0; d < 3; ++d) {
      for (std::size_t e = 0; e < 3; ++e) {
        covariance(d, e) += (h[d] - m[d]) * (h[e] - m[e]) / learned_rows;
      }
    }
  }
  const Matrix precision = inverse(covariance);
  const auto distance = [&](const std::vector<double>& x) {
    const auto h = pooled(x);
    double least = 1e300;
    for (std::size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (std::size_t d = 0; d < 3; ++d) {
        for (std::size_t e = 0; e < 3; ++e) {
          sum += (h[d] - means(c, d)) * precision(d, e) * (h[e] - means(c, e));
        }
      }
      least = std::min(least, sum);
    }
    return least;
  };
  for (const double epsilon : {0.0, 0.02}) {
    const auto named = make_probes({text("layered_mahalanobis(epsilon=", epsilon, ")")});
    fit_on(*named[0].learning(), network_, learned_, labels_);
    const Array found = run(*named[0].probe);
    ASSERT_EQ(found.shape(), (Shape{rows, 1}));
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<double> x = test_picture(seen_, r);
      const std::vector<double> slopes = test_slopes(distance, x);
      for (std::size_t d = 0; d < x.size(); ++d) {
        x[d] += (slopes[d] >= 0 ? -1 : 1) * test_step(d, epsilon);
      }
      const double expected = distance(x);
      EXPECT_NEAR(found.as<float>()[r], expected, 1e-4 * (1 + expected)) << epsilon << ' ' << r;
    }
  }
}

TEST_F(LayeredMahalanobisProbe, SharesThePassBackBetweenItsSteps) {
  const auto named = make_probes({"layered_mahalanobis(epsilon=0)", "layered_mahalanobis",
                                  "layered_mahalanobis(epsilon=0.1)"});
  for (const NamedProbe& one : named) fit_on(*one.learning(), network_, learned_, labels_);
  network_.forward_passes = 0;
  Pass pass(network_, seen_, named[0].probe->taps(network_));
  for (const NamedProbe& one : named) one.probe->run(pass);
  EXPECT_EQ(network_.traces, 1);
  EXPECT_EQ(network_.passes_back, 1);
  EXPECT_EQ(network_.forward_passes, 3);
}

TEST_F(LayeredMahalanobisProbe, NeedsAPictureOfEveryClassAndAClassOfEveryPicture) {
  const auto refusal = [&](const std::vector<std::int64_t>& labels) {
    const auto named = make_probes({"layered_mahalanobis"});
    return io::error_of([&] { fit_on(*named[0].learning(), network_, learned_, labels); });
  };
  labels_[5] = -1;
  EXPECT_THAT(refusal(labels_), testing::HasSubstr("has the label -1; every one needs a class"));
  labels_[5] = 3;
  EXPECT_THAT(refusal(labels_), testing::HasSubstr("has the label 3"));
  for (std::int64_t& label : labels_) label = label % 2;
  EXPECT_THAT(refusal(labels_), testing::HasSubstr("no training picture is of class 2"));
  EXPECT_THAT(refusal({0, 1, 2}), testing::HasSubstr("[layered_mahalanobis] pooled(tokens): "));
}

TEST_F(LayeredMahalanobisProbe, MeasuresOnlyWhatVaries) {
  for (std::size_t t = 0; t < learned_rows; ++t) {  // the third channel: values 2, 5, 8 and 11
    for (std::size_t d = 2; d < 12; d += 3) learned_[t * 12 + d] = 0.25f;
  }
  const auto named = make_probes({"layered_mahalanobis(epsilon=0)"});
  fit_on(*named[0].learning(), network_, learned_, labels_);
  EXPECT_EQ(named[0].learning()->learned().at("whitening.pooled(tokens)").shape(), (Shape{3, 2}));
  const Array distances = run(*named[0].probe);
  for (const float d : distances.as<float>()) EXPECT_TRUE(std::isfinite(d));
}

TEST_F(LayeredMahalanobisProbe, IsRestoredFromWhatItHasLearned) {
  const auto first = make_probes({"layered_mahalanobis"}),
             second = make_probes({"layered_mahalanobis"});
  fit_on(*first[0].learning(), network_, learned_, labels_);
  auto learned = first[0].learning()->learned();
  second[0].learning()->restore(learned, network_);
  const Array a = run(*first[0].probe), b = run(*second[0].probe);
  EXPECT_TRUE(std::ranges::equal(a.as<float>(), b.as<float>()));
  learned["centres.pooled(tokens)"] = Array({2, 3}, std::vector<double>(6));
  EXPECT_THAT(io::error_of([&] { second[0].learning()->restore(learned, network_); }),
              testing::HasSubstr("are not of 3 classes in one space"));
  learned.erase("mean.pooled(tokens)");
  EXPECT_THAT(io::error_of([&] { second[0].learning()->restore(learned, network_); }),
              testing::HasSubstr("expected the mean of pooled(tokens), which is not there"));
}

}  // namespace
}  // namespace nescio::extract
