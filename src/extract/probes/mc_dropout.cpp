// Monte Carlo dropout: several passes in which the network drops values as it does in training.
//   p_t = softmax(z_t(x)), t = 1 .. passes
//   kept with keep=mean: log of the mean of p_t [N, C]; with keep=variance: the mean over classes of the
//   variance of p_tc over t, divided by `passes` [N, 1]
// Everything but dropout stays as in evaluation. What is dropped follows from the seed, the number of the pass
// and the values of the picture alone, so a picture gives the same in any batch, set or order and on any number of
// threads. Drop path, which leaves out whole blocks, is no dropout. Cost: `passes` passes forward, whichever
// layers drop; both arrays share them.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/rng.h"
#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

class McDropout final : public Probe {
 public:
  std::int64_t passes = 30, seed = 0;
  std::string keep = "mean";

  std::size_t width(const runtime::Backbone& network) const override {
    // Whether it drops anything is known by trying.
    const image::Preprocessing& p = network.preprocessing();
    const std::vector<float> picture(p.planes() * p.height * p.width);
    network.forward_dropping(picture, std::vector<std::uint64_t>(1));
    return keep == "mean" ? network.classes() : 1;
  }

  Array run(Pass& pass) const override {
    const Array& both = pass.shared(text("mc_dropout ", passes, ' ', seed),
                                    [&] { return log_mean_and_variance(pass); });
    const std::size_t classes = pass.network().classes();
    const std::size_t first = keep == "mean" ? 0 : classes, width = keep == "mean" ? classes : 1;
    std::vector<float> out;
    for (std::size_t r = 0; r < both.rows(); ++r) {
      const auto row = both.as<float>().subspan(r * (classes + 1) + first, width);
      out.insert(out.end(), row.begin(), row.end());
    }
    return Array({both.rows(), width}, std::move(out));
  }

 private:
  /// [B, C + 1]
  Array log_mean_and_variance(Pass& pass) const {
    const std::size_t rows = pass.rows(), classes = pass.network().classes();
    std::vector<std::uint64_t> pictures(rows);
    for (std::size_t r = 0; r < rows; ++r) pictures[r] = key_of(pass.images(), r, rows);
    const auto count = static_cast<std::size_t>(passes);
    std::vector<double> log_p(count * rows * classes);
    for (std::size_t t = 0; t < count; ++t) {
      std::vector<std::uint64_t> keys;
      for (const std::uint64_t picture : pictures) {
        keys.push_back(mix(static_cast<std::uint64_t>(seed), t, picture));
      }
      const Array logits = pass.network().forward_dropping(pass.images(), keys);
      for (std::size_t r = 0; r < rows; ++r) {
        log_softmax(logits.as<float>().subspan(r * classes, classes),
                    &log_p[(t * rows + r) * classes]);
      }
    }
    std::vector<float> out;
    for (std::size_t r = 0; r < rows; ++r) {
      double variance = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        const auto at = [&](std::size_t t) { return log_p[(t * rows + r) * classes + c]; };
        double top = at(0), sum = 0, square = 0;
        for (std::size_t t = 1; t < count; ++t) top = std::max(top, at(t));
        for (std::size_t t = 0; t < count; ++t) sum += std::exp(at(t) - top);
        const double log_mean = top + std::log(sum / static_cast<double>(count));
        for (std::size_t t = 0; t < count; ++t) {
          const double apart = std::exp(at(t)) - std::exp(log_mean);
          square += apart * apart;
        }
        variance += square / static_cast<double>(count);
        out.push_back(static_cast<float>(log_mean));
      }
      out.push_back(static_cast<float>(variance / static_cast<double>(classes)));
    }
    return Array({rows, classes + 1}, std::move(out));
  }

  static std::uint64_t key_of(std::span<const float> images, std::size_t row, std::size_t rows) {
    const std::size_t each = images.size() / rows;
    std::uint64_t key = 0;
    for (const float v : images.subspan(row * each, each)) {
      key = mix(key, std::bit_cast<std::uint32_t>(v));
    }
    return key;
  }

  static void log_softmax(std::span<const float> z, double* out) {
    const double top = std::ranges::max(z);
    double sum = 0;
    for (const float v : z) sum += std::exp(v - top);
    for (std::size_t c = 0; c < z.size(); ++c) out[c] = z[c] - top - std::log(sum);
  }
};

}  // namespace

ProbeInfo mc_dropout() {
  return describe_probe<McDropout>(
      {.name = "mc_dropout",
       .summary = "What several passes say in which the network drops values as in training.",
       .formula = "kept: log mean_t softmax(z_t),  or the mean over classes of the variance of "
                  "softmax(z_t) over t",
       .paper = "Gal, Ghahramani, Dropout as a Bayesian Approximation: Representing Model "
                "Uncertainty in Deep Learning, ICML 2016, arXiv:1506.02142",
       .array = "the logarithm of the mean probabilities [N, C], or their variance [N, 1], for the "
                "detector mc_dropout",
       .cost = "a pass forward for each of `passes`; both arrays of one seed share them",
       .parameters = {
           probe_parameter(
               &McDropout::passes,
               {.name = "passes", .doc = "how many", .min = 1, .max = 10000, .sweep = {"5", "30"}}),
           probe_parameter(
               &McDropout::seed,
               {.name = "seed", .doc = "of what is dropped", .min = 0, .sweep = {"0", "1"}}),
           probe_parameter(&McDropout::keep, {.name = "keep",
                                              .doc = "which of the two arrays",
                                              .choices = {"mean", "variance"}})}});
}

}  // namespace nescio::extract::probes
