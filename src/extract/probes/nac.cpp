// Neuron activation coverage: how far the neurons of a layer are in states that training pictures hardly reach.
//   state of neuron i:  s_i = sigmoid(alpha a_i dKL/da_i),  KL = KL(1/C || softmax z)
//   cover_i(s) = min(1, share of the training pictures whose s_i lies in the same of `bins` bins / full)
//   kept: 1 - the mean of cover_i over the neurons, 0 where all are covered                         [N, 1]
// A neuron is a channel: a is its mean over pixels (tokens), by which the slope is the sum of those by the pixels.
// So the last layer before a pooled head is the authors' avgpool, with their alpha; elsewhere their code sums a, too,
// and its alpha is this one divided by the number of pixels. variant=authors takes their bins, which are narrow
// where states are many, about 1/2. `full` is the paper's r / M, the authors' O over the number of pictures they
// learn from (50 of 1,000). Cost: the layers behind the place forward and back, which settings share; counts of
// width x bins are learned, O(log bins) a neuron.
#include <algorithm>
#include <cmath>

#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

class Nac final : public LearningProbe {
 public:
  std::string at = "last", variant = "paper";
  double alpha = 100, full = 0.05;
  std::int64_t bins = 50;

  std::vector<std::string> taps(const runtime::Backbone& network) const override {
    return {place(network)};
  }
  std::size_t width(const runtime::Backbone& network) const override {
    place(network);
    return 1;
  }

  Array run(Pass& pass) const override {
    const Array states = observe(pass).front();
    const std::size_t neurons = states.cols(), columns = borders_.size() + 1;
    if (covered_.size() != neurons * columns) {
      fail("[nac] has learned of ", covered_.size() / columns, " neurons, found ", neurons);
    }
    std::vector<float> out(states.rows());
    for (std::size_t r = 0; r < out.size(); ++r) {
      double bare = 0;
      for (std::size_t i = 0; i < neurons; ++i) {
        bare += 1.0 - covered_[i * columns + bin(states.as<float>()[r * neurons + i])];
      }
      out[r] = static_cast<float>(bare / static_cast<double>(neurons));
    }
    return Array({states.rows(), 1}, std::move(out));
  }

  void begin_fit(const runtime::Backbone&) override {
    borders_ = borders();
    counts_.clear();
    pictures_ = 0;
  }

  /// The states, [B, neurons].
  std::vector<Array> observe(Pass& pass) const override {
    const std::string name = place(pass.network());
    const Array& values = pass.tap(name);
    const Array& slopes = pass.gradient_by(name, "KL(1/C || p)", slope_of_divergence);
    const Shape& s = values.shape();
    const bool tokens = s.size() == 3;
    const std::size_t neurons = tokens ? s[2] : s[1], pixels = values.cols() / neurons;
    std::vector<float> out(s[0] * neurons);
    for (std::size_t r = 0; r < s[0]; ++r) {
      for (std::size_t i = 0; i < neurons; ++i) {
        double value = 0, slope = 0;
        for (std::size_t x = 0; x < pixels; ++x) {
          const std::size_t j = r * neurons * pixels + (tokens ? x * neurons + i : i * pixels + x);
          value += values.as<float>()[j];
          slope += slopes.as<float>()[j];
        }
        value /= static_cast<double>(pixels);
        out[r * neurons + i] = static_cast<float>(1 / (1 + std::exp(-alpha * value * slope)));
      }
    }
    return {Array({s[0], neurons}, std::move(out))};
  }

  void add(const std::vector<Array>& observed, std::span<const std::int64_t> labels) override {
    const Array& states = observed.front();
    const std::size_t neurons = states.cols(), columns = borders_.size() + 1;
    counts_.resize(neurons * columns);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      for (std::size_t i = 0; i < neurons; ++i) {
        ++counts_[i * columns + bin(states.as<float>()[r * neurons + i])];
      }
    }
    pictures_ += labels.size();
  }

  void finish_fit() override {
    covered_.clear();
    for (const std::size_t count : counts_) {
      const double share = static_cast<double>(count) / static_cast<double>(pictures_);
      covered_.push_back(static_cast<float>(std::min(1.0, share / full)));
    }
  }

  std::map<std::string, Array> learned() const override {
    const std::size_t columns = borders_.size() + 1;
    return {{"covered", Array({covered_.size() / columns, columns}, covered_)}};
  }

  void restore(const std::map<std::string, Array>& learned, const runtime::Backbone&) override {
    borders_ = borders();
    const auto found = learned.find("covered");
    if (found == learned.end()) fail("[nac] expected what is covered, which is not there");
    const Shape& shape = found->second.shape();
    if (shape.size() != 2 || shape[1] != borders_.size() + 1) {
      fail("[nac] expected what is covered as [neurons, ", borders_.size() + 1, "], found ",
           to_string(shape));
    }
    const auto values = found->second.as<float>();
    covered_.assign(values.begin(), values.end());
  }

 private:
  std::string place(const runtime::Backbone& network) const {
    const std::vector<std::string> known = network.taps();
    if (at == "last" && !known.empty()) return known.back();
    require_tap("nac", at, known);
    return at;
  }

  /// d KL / d z = p - 1/C.
  static Array slope_of_divergence(const Array& logits) {
    const std::size_t classes = logits.cols();
    std::vector<float> out(logits.size());
    for (std::size_t r = 0; r < logits.rows(); ++r) {
      const auto z = logits.as<float>().subspan(r * classes, classes);
      const double top = std::ranges::max(z);
      double sum = 0;
      for (const float v : z) sum += std::exp(v - top);
      for (std::size_t c = 0; c < classes; ++c) {
        out[r * classes + c] =
            static_cast<float>(std::exp(z[c] - top) / sum - 1 / static_cast<double>(classes));
      }
    }
    return Array(logits.shape(), std::move(out));
  }

  /// Between the bins.
  std::vector<double> borders() const {
    std::vector<double> inner;
    if (variant == "paper") {
      for (std::int64_t m = 1; m < bins; ++m) {
        inner.push_back(static_cast<double>(m) / static_cast<double>(bins));
      }
      return inner;
    }
    // log_1000 of evenly spaced numbers from 1 to its root, and their mirror image.
    const auto half = static_cast<std::size_t>(bins) / 2;
    const double step = (std::sqrt(1000.0) - 1) / static_cast<double>(half - 1);
    for (std::size_t i = 1; i < half; ++i) {
      inner.push_back(std::log(1 + step * static_cast<double>(i)) / std::log(1000.0));
    }
    for (std::size_t i = inner.size() - 1; i-- > 0;) inner.push_back(1 - inner[i]);
    return inner;
  }
  std::size_t bin(float state) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(borders_, state) - borders_.begin());
  }

  std::vector<double> borders_;
  std::vector<std::size_t> counts_;  // [neurons, bins]
  std::size_t pictures_ = 0;
  std::vector<float> covered_;  // [neurons, bins]
};

}  // namespace

ProbeInfo nac() {
  return describe_probe<Nac>(
      {.name = "nac",
       .summary = "Share of a layer's neurons in states that training pictures hardly reach.",
       .formula = "kept: 1 - mean_i cover_i(s_i),  s_i = sigmoid(alpha a_i dKL(1/C || p)/da_i),  "
                  "cover_i = min(1, share of training pictures in the bin of s_i / full)",
       .paper = "Liu, Tian, Li, Ma, Wang, Neuron Activation Coverage: Rethinking "
                "Out-of-distribution Detection and Generalization, ICLR 2024, arXiv:2306.02879",
       .array = "the share that is not covered [N, 1], for the detector nac",
       .cost = "the layers behind the place, forward and back, which settings share",
       .parameters = {
           probe_parameter(&Nac::at, {.name = "at",
                                      .doc = "the place, as the network calls it; last: in front "
                                             "of its last layers"}),
           probe_parameter(&Nac::alpha, {.name = "alpha",
                                         .doc = "steepness of the sigmoid",
                                         .min = 0,
                                         .min_excluded = true,
                                         .sweep = {"10", "100", "1000"}}),
           probe_parameter(&Nac::bins, {.name = "bins",
                                        .doc = "bins of [0, 1]; with variant=authors two fewer",
                                        .min = 4,
                                        .max = 10000,
                                        .sweep = {"50", "500"}}),
           probe_parameter(&Nac::full,
                           {.name = "full",
                            .doc = "share of the training pictures from which a bin is covered",
                            .min = 0,
                            .max = 1,
                            .min_excluded = true,
                            .sweep = {"0.01", "0.05"}}),
           probe_parameter(&Nac::variant, {.name = "variant",
                                           .doc = "authors: bins that are narrow about 1/2, as in "
                                                  "their code",
                                           .choices = {"paper", "authors"}})}});
}

}  // namespace nescio::extract::probes
