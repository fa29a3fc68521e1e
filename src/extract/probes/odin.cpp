// ODIN's step: each picture is moved a little towards the class that the network sees in it, and
// the network looks again.
//   x' = x - epsilon sign(d/dx CE(z(x) / T, argmax z)),  sign(0) = 1,  kept: z(x') [N, C]
// epsilon is in units of [0, 1] pixels: where the network's input is (pixel - mean) / std, it
// becomes epsilon / std, channel by channel. Not clamped to [0, 1], as in the authors' code.
// What is differentiated is log (1 - p) / p = log (exp(CE) - 1) of the predicted class: it grows with
// the cross-entropy, so every sign is the same, but in float the gradient of CE itself is 0 where
// p rounds to 1, as it does at T = 1 for most pictures of a training set's kind. It is summed over
// the batch: a row does not depend on the others. Cost: a pass forward for each setting; for all of
// one T together a pass back, and for all of them one more forward.
// Temperature and form of the score belong to the detector `odin`.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/row_argmax.h"
#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

class Odin final : public Probe {
 public:
  double epsilon = 0.0014;
  double T = 1000;

  std::size_t width(const runtime::Backbone& network) const override { return network.classes(); }

  Array run(Pass& pass) const override {
    const runtime::Backbone& network = pass.network();
    const std::vector<float>& gradient =
        pass.gradient(text("odin T=", format_number(T)), [&](const Array& z) { return slope(z); });
    const auto images = pass.images();
    const image::Preprocessing& p = network.preprocessing();
    const std::size_t plane = p.height * p.width;
    std::vector<float> moved(images.begin(), images.end());
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const auto step = static_cast<float>(epsilon / p.std[i / plane % p.planes()]);
      moved[i] += gradient[i] >= 0 ? -step : step;
    }
    return network.forward(moved).logits;
  }

 private:
  /// Of the log-odds by the logits, times T, which no sign depends on.
  Array slope(const Array& logits) const {
    std::vector<float> out(logits.size());
    const std::size_t classes = logits.cols();
    const Array largest = row_argmax(logits);
    for (std::size_t r = 0; r < logits.rows(); ++r) {
      const auto z = logits.as<float>().subspan(r * classes, classes);
      const auto seen = static_cast<std::size_t>(largest.as<std::int64_t>()[r]);
      double top = -std::numeric_limits<double>::infinity(), sum = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        if (c != seen) top = std::max(top, static_cast<double>(z[c]));
      }
      const auto share = [&](std::size_t c) { return std::exp((z[c] - top) / T); };
      for (std::size_t c = 0; c < classes; ++c) sum += c == seen ? 0 : share(c);
      for (std::size_t c = 0; c < classes; ++c) {
        out[r * classes + c] = c == seen ? -1.0f : static_cast<float>(share(c) / sum);
      }
    }
    return Array(logits.shape(), std::move(out));
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
