// Combinators that bring the scores of their detectors onto one scale first, as mean(knn(k=5),vim).
#pragma once

#include <string>

#include "detectors/combinator.h"

namespace nescio::detectors {

/// u_i(s), what a score s of detector i becomes, learned from the rows of `fit_on`:
///   zscore  (s - m_i) / d_i, their mean and standard deviation
///   rank    the share of them that score lower, linear between their quantiles 0, 0.001 .. 1; outside of what
///           they span it goes on with the slope 1 / (largest - smallest), so no score is cut off and none of
///           equal order is tied
/// Both rise with s. The default of `fit_on` is val: a detector scores the rows that it was fitted on lower than
/// others (a training row is its own nearest neighbour), and by how much differs between detectors.
class Fusion : public Combinator {
 public:
  std::string normalise = "zscore";
  Matrix location, scale;  // m, d [1, M]; empty with rank
  Matrix quantiles;        // [1001, M]; empty with zscore

  void fit(const Inputs& in, const FitData& data) override;

 protected:
  /// u_i of each detector as a column. [B, M]
  Expr normalised(const Inputs& in) const;

 private:
  void require_spread(std::size_t member, double spread, const statistics::Statistics& rows) const;
};

/// Completes the description of a class that derives from Fusion.
template <class Object>
DetectorInfo describe_fusion(DetectorInfo info) {
  info.fit_on = "val";
  info.parameters.insert(
      info.parameters.begin(),
      parameter<Object, std::string>(
          &Object::normalise,
          {.name = "normalise",
           .doc = "the scale that scores are brought to: deviations from the mean, or "
                  "the share of rows that score lower",
           .choices = {"zscore", "rank"},
           .sweep = {"zscore", "rank"}}));
  info.learned = {
      sometimes(
          learned<Object, Matrix>(&Object::location, "location", "m, mean of each score [1, M]")),
      sometimes(learned<Object, Matrix>(&Object::scale, "scale",
                                        "d, standard deviation of each score [1, M]")),
      sometimes(learned<Object, Matrix>(&Object::quantiles, "quantiles",
                                        "quantiles 0, 0.001 .. 1 of each score [1001, M]"))};
  return describe<Object>(std::move(info));
}

}  // namespace nescio::detectors
