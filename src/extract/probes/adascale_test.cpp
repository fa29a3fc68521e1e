#include <gtest/gtest.h>

#include <numeric>

#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

std::vector<std::size_t> by(const std::vector<double>& keys, std::size_t count) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  order.resize(count);
  return order;
}

TEST(AdaScaleProbe, IsThePapersEquation) {
  constexpr std::size_t rows = 6;
  const TestBackbone network;
  const std::vector<float> images = test_pictures(rows, 4);
  Pass pass(network, images);
  const Array found =
      make_probes({"adascale(epsilon=0.5,o=0.3,k1=0.5,k2=0.25)"})[0].probe->run(pass);
  ASSERT_EQ(found.shape(), (Shape{rows, 2}));
  for (std::size_t r = 0; r < rows; ++r) {
    const std::vector<double> x = test_picture(images, r), h = test_features(x), z = test_logits(h);
    const auto y = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
    const std::vector<double> slopes = test_slopes(
        [&](const std::vector<double>& at) { return test_logits(test_features(at))[y]; }, x);
    std::vector<double> sizes, moved = x, largest_first;
    for (const double g : slopes) sizes.push_back(std::abs(g));
    for (const std::size_t d : by(sizes, 3)) moved[d] += slopes[d] > 0 ? 0.5 : -0.5;
    const std::vector<double> changed = test_features(moved);
    for (const double v : h) largest_first.push_back(-v);
    double shift = 0, left = 0;
    for (const std::size_t d : by(largest_first, 3)) shift += std::abs(h[d] - changed[d]);
    for (const std::size_t d : by(largest_first, 6)) left += std::max(changed[d], 0.0);
    EXPECT_NEAR(found.as<float>()[r * 2], shift, 1e-5) << r;
    EXPECT_NEAR(found.as<float>()[r * 2 + 1], left, 1e-5) << r;
  }
}

TEST(AdaScaleProbe, LooksOnceForAnySumOfFeatures) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(2, 4);
  Pass pass(network, images);
  for (const char* spec : {"adascale", "adascale(k1=0.5)", "adascale(k1=0.01,k2=1)"}) {
    make_probes({spec})[0].probe->run(pass);
  }
  EXPECT_EQ(network.traces, 1);
  EXPECT_EQ(network.passes_back, 1);
  EXPECT_EQ(network.forward_passes, 2);
}

TEST(AdaScaleProbe, LeavesValuesWithoutASlope) {
  const TestBackbone network;
  std::vector<float> images(12, -0.25f);  // where f_d has its minimum
  Pass pass(network, images);
  const Array found = make_probes({"adascale(o=1,k1=1,k2=1)"})[0].probe->run(pass);
  EXPECT_EQ(found.as<float>()[0], 0);
  EXPECT_EQ(found.as<float>()[1], 0);
}

}  // namespace
}  // namespace nescio::extract
