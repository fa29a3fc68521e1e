#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/probe.h"
#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

/// CE(z(x) / T, y) for one picture.
double loss(const std::vector<double>& x, std::size_t y, double T) {
  std::vector<double> z(TestBackbone::number_of_classes);
  double largest = -1e300, sum = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    for (std::size_t d = 0; d < x.size(); ++d) {
      z[c] += TestBackbone::weight(c, d) * (x[d] * x[d] + x[d] / 2);
    }
    largest = std::max(largest, z[c] / T);
  }
  for (const double v : z) sum += std::exp(v / T - largest);
  return std::log(sum) + largest - z[y] / T;
}

TEST(OdinProbe, MovesEachValueAgainstTheSlopeOfTheLoss) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(4, 3);
  for (const double T : {1.0, 1000.0}) {
    Pass pass(network, images);
    const Array seen = pass.outputs().logits;
    std::vector<float> moved = images;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const std::size_t r = i / TestBackbone::values, d = i % TestBackbone::values;
      const auto z = seen.as<float>().subspan(r * 3, 3);
      const auto y = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
      const auto first = images.begin() + static_cast<std::ptrdiff_t>(r * TestBackbone::values);
      std::vector<double> up(first, first + TestBackbone::values), down = up;
      up[d] += 1e-5;
      down[d] -= 1e-5;
      // 2 x 2 pixels of each colour, whose std are 1, 1/2 and 1/4.
      const double step = 0.01 * std::pow(2, static_cast<double>(d / 4));
      moved[i] += static_cast<float>(loss(up, y, T) >= loss(down, y, T) ? -step : step);
    }
    const Array expected = network.forward(moved).logits;
    const Array found = make_probes({text("odin(epsilon=0.01,T=", T, ")")})[0].probe->run(pass);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(found.as<float>()[i], expected.as<float>()[i], 1e-5) << T << ' ' << i;
    }
  }
}

TEST(OdinProbe, SharesPassesBetweenItsSettings) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(4, 3);
  Pass pass(network, images);
  for (const char* spec : {"odin(epsilon=0,T=1)", "odin(epsilon=0.1,T=1)", "odin(epsilon=0,T=10)",
                           "odin(epsilon=0.1,T=10)"}) {
    make_probes({spec})[0].probe->run(pass);
  }
  EXPECT_EQ(network.traces, 1);
  EXPECT_EQ(network.passes_back, 2);
  EXPECT_EQ(network.forward_passes, 4);
}

}  // namespace
}  // namespace nescio::extract
