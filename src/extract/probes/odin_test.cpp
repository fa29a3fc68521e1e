#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/probe.h"
#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

TEST(OdinProbe, MovesEachValueAgainstTheSlopeOfTheLoss) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(4, 3);
  for (const double T : {1.0, 1000.0}) {
    Pass pass(network, images);
    std::vector<float> moved = images;
    for (std::size_t r = 0; r < 4; ++r) {
      const std::vector<double> x = test_picture(images, r), z = test_logits(test_features(x));
      const auto y = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
      const auto loss = [&](const std::vector<double>& at) {
        std::vector<double> scaled = test_logits(test_features(at));
        for (double& v : scaled) v /= T;
        return -log_softmax(scaled)[y];
      };
      const std::vector<double> slopes = test_slopes(loss, x);
      for (std::size_t d = 0; d < x.size(); ++d) {
        const double step = test_step(d, 0.01);
        moved[r * TestBackbone::values + d] += static_cast<float>(slopes[d] >= 0 ? -step : step);
      }
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
