// MCM: maximum softmax of concepts' similarities.
//   s(x) = -max_c softmax(z / tau)_c                                       higher = more OOD
// z: cosines of a picture and the texts of the classes, as CLIP has them, times 100 in its own scale.
// Of any logits it is the maximum softmax probability itself, which ties in float32 where it is
// nearly 1; msp(T=tau) has the same order without ties.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Mcm final : public Detector {
 public:
  double tau = 1;

  Expr score(const Inputs& in) const override { return -row_max(softmax(in.logits / tau)); }
};

}  // namespace

DetectorInfo mcm() {
  return describe<Mcm>({
      .name = "mcm",
      .summary = "Maximum softmax over similarities of picture and class texts.",
      .formula = "s(x) = -max_c softmax(z / tau)_c",
      .paper = {"Ming, Cai, Gu, Sun, Li, Li",
                "Delving into Out-of-Distribution Detection with Vision-Language Representations",
                "NeurIPS 2022", "2211.13445"},
      .needs = {.logits = true},
      .cost = "O(C) a row",
      .parameters = {parameter(&Mcm::tau, {.name = "tau",
                                           .doc = "temperature",
                                           .min = 0,
                                           .min_excluded = true,
                                           .sweep = {"1", "10"}})},
      .deviations =
          {"OpenOOD's grid has tau = 0.01 too, at which the probabilities of plain logits "
           "are all 1 in float32"},
  });
}

}  // namespace nescio::detectors
