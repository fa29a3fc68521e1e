// RankFeat: the energy of the logits without the largest singular component of the last maps.
//   s(x) = -T logsumexp(z(x) / T),  z the mean over places of the logits of X - s_1 u_1 v_1^T    higher = more OOD
// The probe `rankfeat` (extract/probes/rankfeat.cpp) keeps z [N, C], in the bank the array
// `rankfeat(places=...)`.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class RankFeat final : public Detector {
 public:
  std::int64_t places = 2;
  double T = 1;

  Needs needs() const override { return {.arrays = {array()}}; }
  Expr score(const Inputs& in) const override { return logsumexp(in.array(array()) / T) * -T; }

 private:
  /// What the probe with this parameter adds.
  std::string array() const { return text("rankfeat(places=", places, ")"); }
};

}  // namespace

DetectorInfo rankfeat() {
  return describe<RankFeat>({
      .name = "rankfeat",
      .summary = "Energy of the logits without the largest singular component of the last maps.",
      .formula = "s(x) = -T logsumexp(z / T),  z = mean over places of z(X - s_1 u_1 v_1^T)",
      .paper = {"Song, Sebe, Wang",
                "RankFeat: Rank-1 Feature Removal for Out-of-distribution Detection",
                "NeurIPS 2022", "2209.08590"},
      .needs = RankFeat().needs(),
      .cost = "one energy a row; the probe's passes through the last layers are what it costs",
      .parameters = {parameter(
                         &RankFeat::places,
                         {.name = "places",
                          .doc = "of the probe: how many places between stages, from the last "
                                 "on; the paper takes its blocks 3 and 4",
                          .min = 1,
                          .max = 1000,
                          .sweep = {"1", "2"}}),
                     parameter(&RankFeat::T, {.name = "T",
                                              .doc = "temperature",
                                              .min = 0,
                                              .min_excluded = true,
                                              .sweep = {"0.5", "1", "2"}})},
      .deviations = {"the singular vectors are exact; the authors' fast variant iterates from a "
                     "random start",
                     "a network with three stages, as the ResNets for 32 x 32 pictures, is cut "
                     "behind its second and third"},
  });
}

}  // namespace nescio::detectors
