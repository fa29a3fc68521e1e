// The values at another place in the network, pooled to one row of numbers a picture.
//   kept: mean of the channels over all pixels, or of the tokens over all patches; what a network calls
//   _cls, cls or mean of it, is what it says (nn/vision_transformer.h)                  [N, width]
// The shaper `on` puts them in the place of the features. They are pooled where the network runs, and
// cost next to nothing beside its pass.
#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

class Tap final : public Probe {
 public:
  std::string at = "layer1";

  std::vector<std::string> taps(const runtime::Backbone&) const override {
    return {runtime::Backbone::pooled(at)};
  }

  std::size_t width(const runtime::Backbone& network) const override {
    require_tap("tap", at, network.pooled_taps());
    // Nobody but the network knows.
    const image::Preprocessing& p = network.preprocessing();
    const std::vector<float> picture(p.planes() * p.height * p.width);
    return network.forward(picture, taps(network)).taps.front().cols();
  }

  Array run(Pass& pass) const override { return pass.tap(runtime::Backbone::pooled(at)); }
};

}  // namespace

ProbeInfo tap() {
  return describe_probe<Tap>(
      {.name = "tap",
       .summary = "The values at another place in the network, pooled to one row for each picture.",
       .formula = "kept: mean over pixels or tokens",
       .paper = "Lee, Lee, Lee, Shin, A Simple Unified Framework for Detecting Out-of-Distribution "
                "Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
       .array = "the pooled values [N, width], for the shaper on",
       .cost = "no pass; it is pooled where the network runs",
       .parameters = {probe_parameter(
           &Tap::at, {.name = "at",
                      .doc = "the place, as the network calls it; taps= of `extract` is short for "
                             "several"})}});
}

}  // namespace nescio::extract::probes
