// Largest of the scores of several detectors, each on the scale of its own: flags what one of them flags.
//   s(x) = max_i u_i(s_i(x))                                                higher = more OOD
// u_i: z-scores or ranks over the rows of `fit_on` (fusion.h).
#include "detectors/fusion.h"

namespace nescio::detectors {
namespace {

class Max final : public Fusion {
 public:
  Expr score(const Inputs& in) const override { return row_max(normalised(in)); }
};

}  // namespace

DetectorInfo max() {
  return describe_fusion<Max>(
      {.name = "max",
       .summary = "Largest of the scores of several detectors on one scale: max(knn(k=5),vim) "
                  "flags what one of them flags.",
       .formula = "s(x) = max_i u_i(s_i(x)), u_i(s) = (s - m_i) / d_i or the rank of s",
       .paper = {"Kittler, Hatef, Duin, Matas", "On Combining Classifiers (the max rule)",
                 "IEEE TPAMI 1998", ""},
       .needs = {},
       .cost = "that of its detectors together, parts that they share once"});
}

}  // namespace nescio::detectors
