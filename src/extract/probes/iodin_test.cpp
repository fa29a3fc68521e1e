#include <gtest/gtest.h>

#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

TEST(IodinProbe, MovesTheValueOfTheLargestSlope) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(6, 5);
  for (const double T : {1.0, 1000.0}) {
    std::vector<float> moved = images;
    for (std::size_t r = 0; r < 6; ++r) {
      const std::vector<double> x = test_picture(images, r), z = test_logits(test_features(x));
      const auto y = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
      const auto loss = [&](const std::vector<double>& at) {
        std::vector<double> scaled = test_logits(test_features(at));
        for (double& v : scaled) v /= T;
        return -log_softmax(scaled)[y];
      };
      const std::vector<double> slopes = test_slopes(loss, x);
      std::size_t most = 0;
      for (std::size_t d = 1; d < x.size(); ++d) {
        if (std::abs(slopes[d]) > std::abs(slopes[most])) most = d;
      }
      const double step = test_step(most, 0.5);
      moved[r * TestBackbone::values + most] +=
          static_cast<float>(slopes[most] >= 0 ? -step : step);
    }
    const Array expected = network.forward(moved).logits;
    Pass pass(network, images);
    const Array found = make_probes({text("iodin(epsilon=0.5,T=", T, ")")})[0].probe->run(pass);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(found.as<float>()[i], expected.as<float>()[i], 1e-5) << T << ' ' << i;
    }
  }
}

TEST(IodinProbe, SharesThePassBackWithOdin) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(2, 5);
  Pass pass(network, images);
  for (const char* spec : {"iodin", "odin", "iodin(epsilon=0.1)"}) {
    make_probes({spec})[0].probe->run(pass);
  }
  EXPECT_EQ(network.traces, 1);
  EXPECT_EQ(network.passes_back, 1);
  EXPECT_EQ(network.forward_passes, 3);
}

}  // namespace
}  // namespace nescio::extract
