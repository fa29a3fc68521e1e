// RankFeat: the logits without the largest singular value of the last maps, which OOD pictures lean on most.
//   X' = X - s_1 u_1 v_1^T,  X [channels, pixels] of one picture between two stages
//   kept: the mean, over the last `places` places, of what the rest of the network makes of X'   [N, C]
// The paper takes the mean over its blocks 3 and 4: the last two places. u_1 is the eigenvector of the smaller of
// X X^T and X^T X that belongs to the largest value: exact, where the authors' fast variant iterates from a random
// start, and where s_1 = s_2 one of the two. A map of zeros stays one. Cost for each place: the layers
// behind it (none behind the last), and O(k^2 max(channels, pixels) + k^3), k = min(channels, pixels).
// Temperature and energy belong to the detector `rankfeat`.
#include "base/within.h"
#include "extract/probe.h"
#include "math/linalg.h"

namespace nescio::extract::probes {
namespace {

/// A matrix of rows x cols values less its largest singular component.
void remove_largest(const float* x, std::size_t rows, std::size_t cols, float* out) {
  // a [large, small] is it or its transpose.
  const std::size_t large = std::max(rows, cols), small = std::min(rows, cols);
  Matrix a(large, small), square(small, small);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      (rows >= cols ? a(r, c) : a(c, r)) = x[r * cols + c];
    }
  }
  math::add_scatter(a.values.data(), large, square);
  const Matrix vectors = math::eigen_symmetric(std::move(square)).vectors;
  for (std::size_t i = 0; i < large; ++i) {
    const auto row = a.row(i);
    double along = 0;
    for (std::size_t j = 0; j < small; ++j) along += row[j] * vectors(j, small - 1);
    for (std::size_t j = 0; j < small; ++j) row[j] -= along * vectors(j, small - 1);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      out[r * cols + c] = static_cast<float>(rows >= cols ? a(r, c) : a(c, r));
    }
  }
}

class RankFeat final : public Probe {
 public:
  std::int64_t places = 2;

  std::vector<std::string> taps(const runtime::Backbone& network) const override {
    std::vector<std::string> all = network.taps();
    const auto wanted = static_cast<std::size_t>(places);
    if (all.size() < wanted) {
      fail("[rankfeat] expected at least ", wanted, " places between layers, found ", all.size());
    }
    return {all.end() - static_cast<std::ptrdiff_t>(wanted), all.end()};
  }
  std::size_t width(const runtime::Backbone& network) const override {
    taps(network);
    return network.classes();
  }

  Array run(Pass& pass) const override {
    std::vector<double> sum;
    for (const std::string& name : taps(pass.network())) {
      const Array& logits = pass.shared("rankfeat at " + name, [&] {
        return within("[rankfeat] " + name + ": ", [&] { return logits_without(pass, name); });
      });
      sum.resize(logits.size());
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += logits.as<float>()[i];
    }
    std::vector<float> mean;
    for (const double v : sum) mean.push_back(static_cast<float>(v / static_cast<double>(places)));
    return Array({pass.rows(), pass.network().classes()}, std::move(mean));
  }

 private:
  /// Of the network from this place on, without the largest component of what lies there.
  static Array logits_without(Pass& pass, const std::string& name) {
    const Array& tap = pass.tap(name);
    const Shape& shape = tap.shape();
    if (shape.size() < 3) fail("expected maps or tokens, found ", to_string(shape));
    const std::size_t each = tap.cols();
    std::vector<float> changed(tap.size());
    for (std::size_t r = 0; r < tap.rows(); ++r) {
      remove_largest(tap.as<float>().data() + r * each, shape[1], each / shape[1],
                     &changed[r * each]);
    }
    return pass.network().forward_from(name, Array(shape, std::move(changed))).logits;
  }
};

}  // namespace

ProbeInfo rankfeat() {
  return describe_probe<RankFeat>(
      {.name = "rankfeat",
       .summary = "The logits without the largest singular component of the last maps.",
       .formula = "X' = X - s_1 u_1 v_1^T,  kept: mean over places of z(X')",
       .paper = "Song, Sebe, Wang, RankFeat: Rank-1 Feature Removal for Out-of-distribution "
                "Detection, NeurIPS 2022, arXiv:2209.08590",
       .array = "the mean logits [N, C], for the detector rankfeat",
       .cost = "for each place the layers behind it and an eigenproblem of its smaller side; what "
               "settings have in common is done once",
       .parameters = {probe_parameter(
           &RankFeat::places,
           {.name = "places",
            .doc = "how many places between stages, from the last on; the paper takes 2",
            .min = 1,
            .max = 1000,
            .sweep = {"1", "2"}})}});
}

}  // namespace nescio::extract::probes
