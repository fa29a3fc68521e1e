// Mahalanobis distances at every place between layers, each after a step of the picture towards its nearest class.
//   d_l(x) = min_c (h_l - mu_lc)^T Sigma_l^-1 (h_l - mu_lc),  h_l = the values at place l, pooled
//   x' = x - epsilon sign(d d_l / dx),  sign(0) = 1,  kept: d_l(x') for each place l            [N, places]
// mu_lc and Sigma_l are learned from the labels of the training pictures, by which every class needs one; Sigma_l
// is their common covariance over N, its inverse that of what is above the rounding of float32. With epsilon=0 a
// place gives what on(PLACE)+mahalanobis gives from a bank. The slope is that of the distance, so the unit of
// epsilon is ODIN's (pixel_step.h). Cost with epsilon > 0: one pass forward, and for each place one back, which
// settings share, and one forward; O(w^2 + C w) for its w values. Learning: O(w^2) memory a place.
#include <algorithm>
#include <limits>

#include "base/within.h"
#include "extract/pixel_step.h"
#include "math/linalg.h"

namespace nescio::extract::probes {
namespace {

Matrix matrix_of(const Array& array) {
  const auto values = array.as<float>();
  return {array.rows(), array.cols(), {values.begin(), values.end()}};
}

/// Classes as Gaussians with one covariance, at one place.
struct Gaussians {
  std::string tap;
  Matrix mean;       // of all pictures [1, w]
  Matrix whitening;  // W [w, rank] with W W^T = Sigma^-1
  Matrix centres;    // (mu_c - mean) W [C, rank]

  /// The squared distance of each row of h [B, w] to its nearest class, and where asked for its slope by h.
  std::vector<float> distances(const Array& h, std::vector<float>* slopes = nullptr) const {
    Matrix centred = matrix_of(h);
    for (std::size_t r = 0; r < centred.rows; ++r) {
      for (std::size_t d = 0; d < centred.cols; ++d) centred(r, d) -= mean(0, d);
    }
    Matrix white = math::multiply(centred, whitening);
    std::vector<float> out;
    for (std::size_t r = 0; r < white.rows; ++r) {
      std::size_t nearest = 0;
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < centres.rows; ++c) {
        double square = 0;
        for (std::size_t i = 0; i < white.cols; ++i) {
          const double apart = white(r, i) - centres(c, i);
          square += apart * apart;
        }
        if (square < least) nearest = c, least = square;
      }
      out.push_back(static_cast<float>(least));
      for (std::size_t i = 0; i < white.cols; ++i) {
        white(r, i) = 2 * (white(r, i) - centres(nearest, i));
      }
    }
    if (slopes) {
      const Matrix by_h = math::multiply(white, math::transpose(whitening));
      slopes->assign(by_h.values.begin(), by_h.values.end());
    }
    return out;
  }
};

/// What they are learned from: sums of h - shift, where shift is the first picture's h, so that large means cost no
/// digits.
struct Sums {
  std::vector<double> shift;
  Matrix by_class;  // [C, w]
  Matrix scatter;   // [w, w], its upper triangle

  void add(const Array& h, std::span<const std::int64_t> labels, std::size_t classes) {
    Matrix rows = matrix_of(h);
    if (shift.empty()) {
      shift.assign(rows.row(0).begin(), rows.row(0).end());
      by_class = Matrix(classes, rows.cols);
      scatter = Matrix(rows.cols, rows.cols);
    }
    for (std::size_t r = 0; r < labels.size(); ++r) {
      const auto sum = by_class.row(static_cast<std::size_t>(labels[r]));
      for (std::size_t d = 0; d < rows.cols; ++d) sum[d] += rows(r, d) -= shift[d];
    }
    math::add_scatter(rows.values.data(), labels.size(), scatter);
  }

  Gaussians fitted(const std::string& tap, const std::vector<std::size_t>& counts) const {
    const std::size_t width = shift.size();
    double pictures = 0;
    Matrix all(1, width), means = by_class, within_classes = scatter;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const auto n = static_cast<double>(counts[c]);
      pictures += n;
      const auto m = means.row(c);
      for (std::size_t d = 0; d < width; ++d) {
        all(0, d) += m[d];
        m[d] /= n;
      }
      for (std::size_t d = 0; d < width; ++d) {
        for (std::size_t e = d; e < width; ++e) within_classes(d, e) -= n * m[d] * m[e];
      }
    }
    for (double& v : all.values) v /= pictures;
    for (double& v : within_classes.values) v /= pictures;
    math::mirror_upper(within_classes);
    double largest = 0;  // mean square of a column of h
    for (std::size_t d = 0; d < width; ++d) {
      const double square = scatter(d, d) / pictures + shift[d] * (2 * all(0, d) + shift[d]);
      largest = std::max(largest, square);
    }
    constexpr double eps = std::numeric_limits<float>::epsilon();
    Gaussians out{tap, all, math::whitening(within_classes, eps * eps * largest).matrix, {}};
    for (std::size_t c = 0; c < means.rows; ++c) {
      for (std::size_t d = 0; d < width; ++d) means(c, d) -= all(0, d);
    }
    out.centres = math::multiply(means, out.whitening);
    for (std::size_t d = 0; d < width; ++d) out.mean(0, d) += shift[d];
    return out;
  }
};

class LayeredMahalanobis final : public LearningProbe {
 public:
  double epsilon = 0.0014;

  std::vector<std::string> taps(const runtime::Backbone& network) const override {
    std::vector<std::string> all;
    for (const std::string& tap : network.pooled_taps()) {
      all.push_back(runtime::Backbone::pooled(tap));
    }
    if (all.empty()) fail("[layered_mahalanobis] the network shows nothing between its layers");
    return all;
  }
  std::size_t width(const runtime::Backbone& network) const override {
    return taps(network).size();
  }

  Array run(Pass& pass) const override {
    const std::size_t rows = pass.rows(), places = places_.size();
    std::vector<float> out(rows * places);
    for (std::size_t l = 0; l < places; ++l) {
      const std::vector<float> distances = at(places_[l], pass);
      for (std::size_t r = 0; r < rows; ++r) out[r * places + l] = distances[r];
    }
    return Array({rows, places}, std::move(out));
  }

  void begin_fit(const runtime::Backbone& network) override {
    counts_.assign(network.classes(), 0);
    taps_ = taps(network);
    sums_.assign(taps_.size(), {});
    places_.clear();
  }

  std::vector<Array> observe(Pass& pass) const override {
    std::vector<Array> out;
    for (const std::string& name : taps_) out.push_back(pass.tap(name));
    return out;
  }

  void add(const std::vector<Array>& observed, std::span<const std::int64_t> labels) override {
    for (const std::int64_t label : labels) {
      if (label < 0 || static_cast<std::size_t>(label) >= counts_.size()) {
        fail("[layered_mahalanobis] a training picture has the label ", label,
             "; every one needs a class of the network, 0 .. ", counts_.size() - 1);
      }
      ++counts_[static_cast<std::size_t>(label)];
    }
    for (std::size_t l = 0; l < sums_.size(); ++l) {
      sums_[l].add(observed[l], labels, counts_.size());
    }
  }

  void finish_fit() override {
    const auto empty = std::ranges::find(counts_, std::size_t{0});
    if (empty != counts_.end()) {
      fail("[layered_mahalanobis] no training picture is of class ", empty - counts_.begin(),
           "; learn from pictures of all ", counts_.size(), " classes");
    }
    for (std::size_t l = 0; l < sums_.size(); ++l) {
      places_.push_back(within("[layered_mahalanobis] " + taps_[l] + ": ",
                               [&] { return sums_[l].fitted(taps_[l], counts_); }));
    }
    sums_.clear();
  }

  std::map<std::string, Array> learned() const override {
    std::map<std::string, Array> out;
    for (const Gaussians& place : places_) {
      const auto keep = [&](const char* name, const Matrix& m) {
        out.emplace(text(name, '.', place.tap), Array({m.rows, m.cols}, m.values));
      };
      keep("mean", place.mean);
      keep("whitening", place.whitening);
      keep("centres", place.centres);
    }
    return out;
  }

  void restore(const std::map<std::string, Array>& learned,
               const runtime::Backbone& network) override {
    places_.clear();
    for (const std::string& tap : taps(network)) {
      const auto read = [&](const char* name) {
        const auto found = learned.find(text(name, '.', tap));
        if (found == learned.end()) {
          fail("[layered_mahalanobis] expected the ", name, " of ", tap, ", which is not there");
        }
        const auto values = found->second.as<double>();
        return Matrix(found->second.rows(), found->second.cols(), {values.begin(), values.end()});
      };
      Gaussians place{tap, read("mean"), read("whitening"), read("centres")};
      const bool fits = place.mean.rows == 1 && place.mean.cols == place.whitening.rows &&
                        place.whitening.cols == place.centres.cols &&
                        place.centres.rows == network.classes();
      if (!fits) {
        fail("[layered_mahalanobis] mean, whitening and centres of ", tap, " are not of ",
             network.classes(), " classes in one space");
      }
      places_.push_back(std::move(place));
    }
  }

 private:
  std::vector<float> at(const Gaussians& place, Pass& pass) const {
    if (epsilon == 0) return place.distances(pass.tap(place.tap));
    const Array& slopes =
        pass.gradient_at(place.tap, "distance to the nearest class", [&](const Array& h) {
          std::vector<float> slope;
          place.distances(h, &slope);
          return Array(h.shape(), std::move(slope));
        });
    const std::vector<float> moved = stepped_against(slopes, pass, epsilon);
    return place.distances(pass.network().forward(moved, {place.tap}).taps.front());
  }

  std::vector<Gaussians> places_;
  std::vector<std::string> taps_;  // while it learns
  std::vector<std::size_t> counts_;
  std::vector<Sums> sums_;
};

}  // namespace

ProbeInfo layered_mahalanobis() {
  return describe_probe<LayeredMahalanobis>(
      {.name = "layered_mahalanobis",
       .summary = "Mahalanobis distances to the nearest class at every place between layers, after "
                  "a step of the picture towards it.",
       .formula =
           "kept for each place l: d_l(x'),  x' = x - epsilon sign(d d_l / dx),  d_l = min_c "
           "(h_l - mu_lc)^T Sigma_l^-1 (h_l - mu_lc)",
       .paper = "Lee, Lee, Lee, Shin, A Simple Unified Framework for Detecting Out-of-Distribution "
                "Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
       .array = "a distance for each place between two stages [N, places], for the detector "
                "layered_mahalanobis",
       .cost = "for each place a pass forward for each setting and one back, and one more forward, "
               "which settings share; none with epsilon=0",
       .parameters = {probe_parameter(&LayeredMahalanobis::epsilon,
                                      {.name = "epsilon",
                                       .doc = "length of the step",
                                       .unit = "[0, 1] pixels",
                                       .min = 0,
                                       .max = 1,
                                       .sweep = {"0", "5e-04", "0.001", "0.0014", "0.002"}})}});
}

}  // namespace nescio::extract::probes
