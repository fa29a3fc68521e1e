// ODIN's step: each picture is moved a little towards the class that the network sees in it, and
// the network looks again.
//   x' = x - epsilon sign(d/dx CE(z(x) / T, argmax z)),  sign(0) = 1,  kept: z(x') [N, C]
// Not clamped to [0, 1], as in the authors' code. The slope is that of pixel_step.h, whose signs are
// those of the cross-entropy; so is the unit of epsilon. Cost: a pass forward for each setting; for all of one T
// together a pass back, and for all of them one more forward.
// Temperature and form of the score belong to the detector `odin`.
#include "extract/pixel_step.h"

namespace nescio::extract::probes {
namespace {

class Odin final : public Probe {
 public:
  double epsilon = 0.0014;
  double T = 1000;

  std::size_t width(const runtime::Backbone& network) const override { return network.classes(); }

  Array run(Pass& pass) const override {
    return pass.network()
        .forward(stepped_against(log_odds_gradient(pass, T), pass, epsilon))
        .logits;
  }
};

}  // namespace

ProbeInfo odin() {
  return describe_probe<Odin>(
      {.name = "odin",
       .summary = "The logits of each picture after a small step towards its predicted class.",
       .formula = "x' = x - epsilon sign(d/dx CE(z(x) / T, argmax z)),  kept: z(x')",
       .paper = "Liang, Li, Srikant, Enhancing The Reliability of Out-of-distribution Image "
                "Detection in Neural Networks, ICLR 2018, arXiv:1706.02690",
       .array = "z(x') [N, C], for the detector odin",
       .cost = "a pass forward for each setting; one back for each T and one more forward, which "
               "settings share",
       .parameters = {probe_parameter(&Odin::epsilon, {.name = "epsilon",
                                                       .doc = "length of the step",
                                                       .unit = "[0, 1] pixels",
                                                       .min = 0,
                                                       .max = 1,
                                                       .sweep = {"0", "0.0014", "0.0028"}}),
                      probe_parameter(&Odin::T, {.name = "T",
                                                 .doc = "temperature of the loss",
                                                 .min = 0,
                                                 .min_excluded = true,
                                                 .sweep = {"1", "10", "100", "1000"}})}});
}

}  // namespace nescio::extract::probes
