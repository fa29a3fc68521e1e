// AdaSCALE's question to the network: how much do the largest features change when the picture does where it matters
// least?
//   x' = x + epsilon sign(g) on the share o of its values with the smallest |g|,  g = d max_c z_c / dx,  sign(0) = 0
//   kept: Q = sum |h - h'| over the largest share k2 of h,  C = sum max(h', 0) over the largest share k1   [N, 2]
// h, h' are the features of x and x'. epsilon is in units of the network's input, as in the authors' code, where the
// other probes' steps are in pixels. A share is rounded down and at least one entry; of equal ones the first count.
// Cost: a pass back and two forward, of which k1 and k2 need none. Lambda, the scale that follows and the
// score belong to the shaper `adascale`.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "extract/probe.h"

namespace nescio::extract::probes {
namespace {

std::size_t count_of_share(double share, std::size_t of) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(of)));
}

/// The numbers of the k values that come first in an order, in no order; equal ones by number.
template <class Before>
std::vector<std::size_t> first_ones(std::size_t count, std::size_t k, Before before) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  std::nth_element(
      numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(k) - 1, numbers.end(),
      [&](std::size_t a, std::size_t b) { return before(a, b) || (!before(b, a) && a < b); });
  numbers.resize(k);
  return numbers;
}

class AdaScale final : public Probe {
 public:
  double epsilon = 0.5, o = 0.05, k1 = 0.05, k2 = 0.01;

  std::size_t width(const runtime::Backbone&) const override { return 2; }

  Array run(Pass& pass) const override {
    const Array& moved =
        pass.shared(text("adascale ", format_number(epsilon), ' ', format_number(o)),
                    [&] { return features_of_moved(pass); });
    const Array& features = pass.outputs().features;
    const std::size_t rows = features.rows(), width = features.cols();
    std::vector<float> out;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto h = features.as<float>().subspan(r * width, width);
      const auto changed = moved.as<float>().subspan(r * width, width);
      const auto largest = [&](double share) {
        return first_ones(width, count_of_share(share, width),
                          [&](std::size_t a, std::size_t b) { return h[a] > h[b]; });
      };
      double shift = 0, left = 0;
      for (const std::size_t d : largest(k2)) {
        shift += std::abs(static_cast<double>(h[d]) - static_cast<double>(changed[d]));
      }
      for (const std::size_t d : largest(k1)) left += std::max(changed[d], 0.0f);
      out.push_back(static_cast<float>(shift));
      out.push_back(static_cast<float>(left));
    }
    return Array({rows, 2}, std::move(out));
  }

 private:
  Array features_of_moved(Pass& pass) const {
    const auto slopes = pass.gradient("the largest logit", largest_logit).as<float>();
    const auto images = pass.images();
    std::vector<float> moved(images.begin(), images.end());
    const std::size_t each = moved.size() / pass.rows();
    for (std::size_t r = 0; r < pass.rows(); ++r) {
      const auto g = slopes.subspan(r * each, each);
      const auto smaller = [&](std::size_t a, std::size_t b) {
        return std::abs(g[a]) < std::abs(g[b]);
      };
      for (const std::size_t i : first_ones(each, count_of_share(o, each), smaller)) {
        if (g[i] != 0) moved[r * each + i] += static_cast<float>(std::copysign(epsilon, g[i]));
      }
    }
    return pass.network().forward(moved).features;
  }

  static Array largest_logit(const Array& logits) {
    std::vector<float> out(logits.size());
    const std::size_t classes = logits.cols();
    for (std::size_t r = 0; r < logits.rows(); ++r) {
      const auto z = logits.as<float>().subspan(r * classes, classes);
      out[r * classes + static_cast<std::size_t>(std::ranges::max_element(z) - z.begin())] = 1;
    }
    return Array(logits.shape(), std::move(out));
  }
};

Parameter<Probe> share(double AdaScale::*member, const std::string& name, const std::string& doc) {
  return probe_parameter(member,
                         {.name = name, .doc = doc, .min = 0, .max = 1, .min_excluded = true});
}

}  // namespace

ProbeInfo adascale() {
  return describe_probe<AdaScale>(
      {.name = "adascale",
       .summary = "How much the largest features change when the picture does where it matters "
                  "least.",
       .formula =
           "x' = x + epsilon sign(g) on the share o of smallest |g|,  g = d max_c z_c / dx,  "
           "kept: sum |h - h'| over the largest share k2 of h,  sum max(h', 0) over the "
           "largest share k1",
       .paper = "Regmi, AdaSCALE: Adaptive Scaling for OOD Detection, 2025, arXiv:2503.08023",
       .array = "the two sums [N, 2], for the shapers adascale_a and adascale_l",
       .cost = "two passes forward and one back; settings of k1 and k2 share them",
       .parameters = {probe_parameter(&AdaScale::epsilon, {.name = "epsilon",
                                                           .doc = "length of the step",
                                                           .unit = "of the network's input",
                                                           .min = 0}),
                      share(&AdaScale::o, "o", "share of the values that move"),
                      share(&AdaScale::k1, "k1", "share of the features whose sum is kept"),
                      share(&AdaScale::k2, "k2", "share of the features whose change is kept")}});
}

}  // namespace nescio::extract::probes
