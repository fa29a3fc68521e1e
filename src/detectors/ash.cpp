// ASH: only the largest features of a row are kept, and what is kept makes up for the rest.
//   kind=p   h'_d = h_d for the k largest, else 0,  k = D - round(p D)
//   kind=b   h'_d = sum(h) / k for the k largest, else 0
//   kind=s   as p, times e^r, r = sum(h) / sum(largest k of h):  z' = e^r W h_p + b
// Of equal entries the first count as larger. The authors cut maps late in the network; this is
// OpenOOD's place, the pooled features. Where the k largest have no positive sum kind=s scales by 1,
// and |r| ends at 80.
#include "detectors/detector.h"
#include "detectors/largest_entries.h"

namespace nescio::detectors {
namespace {

class Ash final : public Shaper {
 public:
  std::string kind = "b";
  double p = 0.9;

  Inputs shape(const Inputs& in) const override {
    const Expr& h = in.features;
    const std::size_t k = largest_count(p, h.width());
    const auto count = static_cast<double>(k);
    const Expr zero = constant(h.graph(), 0.0);
    const Expr kept = rank(-h, k) < count;
    if (kind == "b") return in.with_features(where(kept, row_sum(h) / count, zero));
    const Expr pruned = where(kept, h, zero);
    if (kind == "p") return in.with_features(pruned);
    return in.with_features(pruned).with_scaled_features(
        scaling_factor(row_sum(h), row_sum(pruned)));
  }
};

}  // namespace

DetectorInfo ash() {
  return describe<Ash>({
      .name = "ash",
      .summary = "Keeps the largest features of each row, as they are (p), levelled (b) or scaled "
                 "(s), and recomputes the logits.",
      .formula = "h' = h for the k largest, else 0 (p), sum(h) / k in their place (b), or e^r h, r "
                 "= sum(h) / sum(largest k of h) (s),  z' = W h' + b,  k = D - round(p D)",
      .paper = {"Djurisic, Bozanic, Ashok, Liu",
                "Extremely Simple Activation Shaping for Out-of-Distribution Detection",
                "ICLR 2023", "2209.09858"},
      .needs = {.features = true, .head = true},
      .cost = "O(D + k log k + C D) a row: a sort of the k largest and one product with the head",
      .parameters = {parameter(&Ash::kind,
                               {.name = "kind",
                                .doc = "what becomes of the largest: p as they are, b their "
                                       "share of the sum, s scaled",
                                .choices = {"p", "b", "s"}}),
                     parameter(&Ash::p,
                               {.name = "p",
                                .doc = "share of the entries that become 0",
                                .min = 0,
                                .max = 1,
                                .max_excluded = true,
                                .sweep = {"0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"}})},
      .deviations =
          {"on pooled features, as OpenOOD; the authors and pytorch-ood cut maps before pooling",
           "OpenOOD runs kind=b, pytorch-ood kind=s by default",
           "of equal entries the first are kept; those of the toolkits depend on a sort",
           "features of both signs, as transformers have them: negative ones count in sum(h), so "
           "the level of b may be negative and r below 1; the paper has features behind a ReLU"},
  });
}

}  // namespace nescio::detectors
