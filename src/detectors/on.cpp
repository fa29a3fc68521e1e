// Scores the values of another place in the network: a tap takes the place of the features.
//   h' = tap(x),  logits and head stay those of the network
// The probe `tap` (extract/probes/tap.cpp) keeps the pooled values [N, width], in the bank the array
// `tap(at=...)`. What applies the head to features is refused by the chain.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class On final : public Shaper {
 public:
  std::string tap = "layer1";

  Needs needs() const override { return {.arrays = {array()}}; }

  Inputs shape(const Inputs& in) const override {
    Inputs out = in;
    out.features = out.unscaled = in.array(array());
    out.head.reset();  // it reads the features of the last layer only, whatever the width of these
    return out;
  }

 private:
  /// What the probe with this parameter adds.
  std::string array() const { return "tap(at=" + tap + ")"; }
};

}  // namespace

DetectorInfo on() {
  return describe<On>({
      .name = "on",
      .summary = "Puts the values of another place in the network in the place of the features: "
                 "on(layer2)+mahalanobis.",
      .formula = "h' = mean over pixels or tokens of the values at the tap",
      .paper = {"Lee, Lee, Lee, Shin",
                "A Simple Unified Framework for Detecting Out-of-Distribution Samples and "
                "Adversarial Attacks",
                "NeurIPS 2018", "1807.03888"},
      .needs = On().needs(),
      .cost = "none: the values of the tap are in the bank, pooled where the network ran",
      .parameters = {parameter(
          &On::tap,
          {.name = "tap",
           .doc = "the place, as the network calls it: layer2 of a ResNet; cls, mean, layer6, "
                  "layer6_cls of a vision transformer"})},
      .deviations = {"features of both signs are taken as they are: nothing is cut or scaled"},
      .must_be_chosen = true,
  });
}

}  // namespace nescio::detectors
