// Classes as Gaussians about their means with one covariance: what Mahalanobis distances rest on.
#pragma once

#include <string>

#include "detectors/detector.h"

namespace nescio::detectors {

/// Learns class means mu_c and the covariance Sigma of h - mu_y over the training rows, divided by N, or
/// one mean and the covariance about it. Sigma^-1 is the pseudo-inverse of what is above rounding
/// (Statistics::within_whitening()), so dead units do no harm; with shrinkage Sigma is Ledoit and
/// Wolf's (statistics/ledoit_wolf.h).
class TiedGaussian : public Detector {
 public:
  bool normalize = false;
  std::string means = "classes";   // or "one"
  std::string shrinkage = "none";  // or "ledoit_wolf"
  Matrix mean;                     // of all rows [1, D]
  Matrix whitening;                // W [D, rank] with W W^T = Sigma^-1
  Matrix centres;                  // (mu_c - mean) W [C, rank]; of one mean zeros [1, rank]

  void fit(const Inputs& in, const FitData& data) override;

 protected:
  /// h, or h / |h|.
  Expr feature(const Inputs& in) const { return normalize ? in.directions() : in.features; }
  /// min_c (h - mu_c)^T Sigma^-1 (h - mu_c), as squared distances after whitening about the mean:
  /// O(D^2 + C D) a row, two products.
  Expr distance_to_class(const Inputs& in) const;
  /// Of the covariance about the class means or about the mean of all, with shrinkage where it is asked for.
  const math::Whitening& whitening_of(const Inputs& in, statistics::Statistics& statistics,
                                      bool within) const;
};

/// How `normalize` and `shrinkage` are described; `normalized` is what the first gives.
ParameterInfo unit_length(const std::string& normalized);
ParameterInfo covariance_shrinkage();

}  // namespace nescio::detectors
