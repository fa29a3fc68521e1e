// Smallest of the scores of several detectors, each on the scale of its own: flags what all of them flag.
//   s(x) = min_i u_i(s_i(x))                                                higher = more OOD
// u_i: z-scores or ranks over the rows of `fit_on` (fusion.h).
#include "detectors/fusion.h"

namespace nescio::detectors {
namespace {

class Min final : public Fusion {
 public:
  Expr score(const Inputs& in) const override { return row_min(normalised(in)); }
};

}  // namespace

DetectorInfo min() {
  return describe_fusion<Min>(
      {.name = "min",
       .summary = "Smallest of the scores of several detectors on one scale: min(knn(k=5),vim) "
                  "flags what all of them flag.",
       .formula = "s(x) = min_i u_i(s_i(x)), u_i(s) = (s - m_i) / d_i or the rank of s",
       .paper = {"Kittler, Hatef, Duin, Matas", "On Combining Classifiers (the min rule)",
                 "IEEE TPAMI 1998", ""},
       .needs = {},
       .cost = "that of its detectors together, parts that they share once"});
}

}  // namespace nescio::detectors
