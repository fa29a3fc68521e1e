#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

/// x [rows, cols] less s_1 u_1 v_1^T, by many steps of power iteration.
std::vector<double> without_largest(std::vector<double> x, std::size_t rows, std::size_t cols) {
  std::vector<double> v(cols), u(rows);
  for (std::size_t c = 0; c < cols; ++c) v[c] = 1 + 0.1 * static_cast<double>(c);
  for (int step = 0; step < 20000; ++step) {
    double norm = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      u[r] = 0;
      for (std::size_t c = 0; c < cols; ++c) u[r] += x[r * cols + c] * v[c];
    }
    for (std::size_t c = 0; c < cols; ++c) {
      v[c] = 0;
      for (std::size_t r = 0; r < rows; ++r) v[c] += x[r * cols + c] * u[r];
      norm += v[c] * v[c];
    }
    for (double& value : v) value /= std::sqrt(norm);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    double along = 0;
    for (std::size_t c = 0; c < cols; ++c) along += x[r * cols + c] * v[c];
    for (std::size_t c = 0; c < cols; ++c) x[r * cols + c] -= along * v[c];
  }
  return x;
}

Array run(const TestBackbone& network, const std::vector<float>& images, const char* spec) {
  const auto named = make_probes({spec});
  Pass pass(network, images, named[0].probe->taps(network));
  return named[0].probe->run(pass);
}

TEST(RankFeatProbe, IsThePapersEquation) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(5, 8);
  const Array last = run(network, images, "rankfeat(places=1)");
  const Array both = run(network, images, "rankfeat");
  ASSERT_EQ(both.shape(), (Shape{5, 3}));
  for (std::size_t r = 0; r < 5; ++r) {
    const std::vector<double> x = test_picture(images, r);
    const auto of_tokens = test_logits(without_largest(test_features(x), 4, 3));
    const auto of_pixels = test_logits(test_features(without_largest(x, 3, 4)));
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(last.as<float>()[r * 3 + c], of_tokens[c], 1e-5);
      EXPECT_NEAR(both.as<float>()[r * 3 + c], (of_tokens[c] + of_pixels[c]) / 2, 1e-5);
    }
  }
}

TEST(RankFeatProbe, TakesTheRestOfTheNetworkOnceForEachPlace) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(2, 8);
  Pass pass(network, images, network.taps());
  for (const char* spec : {"rankfeat(places=1)", "rankfeat(places=2)"}) {
    make_probes({spec})[0].probe->run(pass);
  }
  EXPECT_EQ(network.forward_passes, 1);
  EXPECT_EQ(network.partial_passes, 2);
}

TEST(RankFeatProbe, TakesMapsOfAnyKind) {
  const TestBackbone network;
  // Nothing at all, one value everywhere (rank 1), and two equal singular values.
  std::vector<float> images(36, 0.0f);
  std::fill(images.begin() + 12, images.begin() + 24, 0.5f);
  images[24] = images[24 + 5] = 1;
  const Array found = run(network, images, "rankfeat(places=1)");
  for (const float z : found.as<float>()) EXPECT_TRUE(std::isfinite(z));
  for (std::size_t c = 0; c < 6; ++c) EXPECT_NEAR(found.as<float>()[c], 0, 1e-6) << c;
}

TEST(RankFeatProbe, RefusesWhatIsNotThere) {
  const TestBackbone network;
  const auto probe = make_probes({"rankfeat(places=3)"});
  EXPECT_THAT(io::error_of([&] { probe[0].probe->width(network); }),
              testing::HasSubstr("expected at least 3 places between layers, found 2"));
  std::vector<float> images = test_pictures(1, 8);
  images[3] = std::nanf("");
  EXPECT_THAT(io::error_of([&] { run(network, images, "rankfeat"); }),
              testing::HasSubstr("[rankfeat] pixels: "));
}

}  // namespace
}  // namespace nescio::extract
