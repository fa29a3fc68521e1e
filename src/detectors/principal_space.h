// What lies outside the principal space of the training features: what ViM and its residual rest on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "detectors/detector.h"

namespace nescio::detectors {

/// Learns u = -pinv(W) b, the feature at which the logits vanish, and R, the eigenvectors of the training
/// features' second moment about u beyond the first `dim`, by default usual_dimensions(). Refused where the rest
/// is rounding.
class PrincipalSpace : public Detector {
 public:
  std::optional<std::int64_t> dim;
  Matrix origin;          // u [1, D]
  Matrix residual_space;  // R [D, D - dim]

  void fit(const Inputs& in, const FitData& data) override;

 protected:
  virtual std::size_t wide_dimensions(const Inputs& in) const = 0;
  /// |R^T (h - u)|; O(D (D - dim)) a row.
  Expr residual(const Inputs& in) const;
};

/// Eigenvectors of the second moment of `e` about a point [1, w], mean (e - point)^T (e - point). Values ascend.
const math::Eigen& moment_axes(const Expr& e, const Matrix& point,
                               statistics::Statistics& statistics);

/// Half of D; 512 from D = 768 on, as for transformers; `wide` from 2048 on.
std::size_t usual_dimensions(std::size_t width, std::size_t wide);

/// How `dim` is described; `wide` is what auto means from D = 2048 on.
ParameterInfo principal_dimensions(const std::string& wide);

}  // namespace nescio::detectors
