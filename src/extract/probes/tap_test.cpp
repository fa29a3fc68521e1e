#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/probe.h"
#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(TapProbe, KeepsTheMeanOfTheTokens) {
  const TestBackbone network;
  const auto named = make_probes({"tap(tokens)"});
  EXPECT_EQ(named[0].name, "tap(at=tokens)");
  EXPECT_EQ(named[0].probe->width(network), 3u);
  const auto taps = taps_of({named[0].probe.get()}, network);
  EXPECT_THAT(taps, ElementsAre("pooled(tokens)"));
  const std::vector<float> images = test_pictures(5, 3);
  Pass pass(network, images, taps);
  const Array found = named[0].probe->run(pass);
  ASSERT_EQ(found.shape(), (Shape{5, 3}));
  const auto features = pass.outputs().features;
  for (std::size_t r = 0; r < 5; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      double mean = 0;
      for (std::size_t t = 0; t < 4; ++t) mean += features.as<float>()[r * 12 + t * 3 + c] / 4.0;
      EXPECT_NEAR(found.as<float>()[r * 3 + c], mean, 1e-6);
    }
  }
}

TEST(TapProbe, TakesNoPassOfItsOwn) {
  const TestBackbone network;
  const std::vector<float> images = test_pictures(5, 3);
  const auto named = make_probes({"tap(at=tokens)"});
  Pass pass(network, images, taps_of({named[0].probe.get()}, network));
  pass.outputs();
  named[0].probe->run(pass);
  EXPECT_EQ(network.forward_passes, 1);
}

TEST(TapProbe, AnswersAnUnknownTapWithTheList) {
  const TestBackbone network;
  const std::string fault =
      io::error_of([&] { make_probes({"tap(at=token)"})[0].probe->width(network); });
  EXPECT_THAT(fault, HasSubstr("no tap 'token'"));
  EXPECT_THAT(fault, HasSubstr("Did you mean 'tokens'"));
}

}  // namespace
}  // namespace nescio::extract
