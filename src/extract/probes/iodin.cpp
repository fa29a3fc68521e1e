// i-ODIN: ODIN's step of a single value of the picture, the one that the loss depends on most.
//   x'_i = x_i - epsilon sign(g_i) for i = argmax_j |g_j|, of equal ones the first,  g = d/dx CE(z(x) / T, argmax z)
//   kept: z(x') [N, C]
// A value is a channel of a pixel. Slope and unit of epsilon are ODIN's (pixel_step.h). Cost as ODIN's; what depends
// on T is shared with it. Temperature and form of the score belong to the detector `iodin`.
#include <cmath>

#include "extract/pixel_step.h"

namespace nescio::extract::probes {
namespace {

class Iodin final : public Probe {
 public:
  double epsilon = 0.0014;
  double T = 1000;

  std::size_t width(const runtime::Backbone& network) const override { return network.classes(); }

  Array run(Pass& pass) const override {
    const auto slopes = log_odds_gradient(pass, T).as<float>();
    const auto images = pass.images();
    std::vector<float> moved(images.begin(), images.end());
    const std::size_t each = moved.size() / pass.rows();
    for (std::size_t first = 0; first < moved.size(); first += each) {
      std::size_t most = first;
      for (std::size_t i = first; i < first + each; ++i) {
        if (std::abs(slopes[i]) > std::abs(slopes[most])) most = i;
      }
      moved[most] += step_against(slopes[most], most, pass.network().preprocessing(), epsilon);
    }
    return pass.network().forward(moved).logits;
  }
};

}  // namespace

ProbeInfo iodin() {
  return describe_probe<Iodin>(
      {.name = "iodin",
       .summary = "The logits of each picture after a step of its most decisive value towards its "
                  "predicted class.",
       .formula = "x'_i = x_i - epsilon sign(g_i),  i = argmax_j |g_j|,  g = d/dx CE(z(x) / T, "
                  "argmax z),  kept: z(x')",
       .paper = "Regmi, Going Beyond Conventional OOD Detection, 2024, arXiv:2411.10794",
       .array = "z(x') [N, C], for the detector iodin",
       .cost = "a pass forward for each setting; one back for each T and one more forward, which "
               "settings share, with odin, too",
       .parameters = {probe_parameter(&Iodin::epsilon, {.name = "epsilon",
                                                        .doc = "length of the step",
                                                        .unit = "[0, 1] pixels",
                                                        .min = 0,
                                                        .max = 10,
                                                        .sweep = {"0", "0.0014", "0.0028"}}),
                      probe_parameter(&Iodin::T, {.name = "T",
                                                  .doc = "temperature of the loss",
                                                  .min = 0,
                                                  .min_excluded = true,
                                                  .sweep = {"1", "10", "100", "1000"}})}});
}

}  // namespace nescio::extract::probes
