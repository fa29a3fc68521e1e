// Energy-bounded learning: the energy of pictures below a margin, that of outliers above one.
//   loss = CE(f(x), y) + w_energy [mean_b max(0, E(x_b) - m_in)^2 + mean_b max(0, m_out - E(o_b))^2],
//   E = -logsumexp(f)
#include "train/losses.h"
#include "train/method.h"

namespace nescio::train {
namespace {

class EnergyBounded final : public TrainingMethod {
 public:
  double w_energy = 0.1;
  double m_in = -23;
  double m_out = -5;

  torch::Tensor loss(TrainingStep& step) override {
    const torch::Tensor hinge = step.of_images(energy_above(step.logits, m_in)) +
                                step.of_outliers(energy_below(step.outlier_logits, m_out));
    step.term("hinge", w_energy * hinge);
    step.term("energy_id", step.of_images(-step.logits.logsumexp(1).mean()));
    step.term("energy_outliers", step.of_outliers(-step.outlier_logits.logsumexp(1).mean()));
    return w_energy * hinge;
  }
};

}  // namespace

namespace methods {
MethodInfo energy_bounded() {
  const When<EnergyBounded> hinges = {"w_energy above 0",
                                      [](const EnergyBounded& m) { return m.w_energy > 0; }};
  return describe_method<EnergyBounded>(
      {.name = "energy_bounded",
       .role = MethodRole::term,
       .repeats = true,
       .summary =
           "Energy-bounded learning: cross-entropy, and hinges that part the energies of pictures "
           "and outliers. Margins belong to a network: set them near the mean energies that it "
           "has, which the columns energy_id and energy_outliers show. Score with energy.",
       .formula = "CE(f(x), y) + w_energy [mean max(0, E(x) - m_in)^2 + mean max(0, m_out - "
                  "E(o))^2], E = -logsumexp(f)",
       .paper = "Liu, Wang, Owens, Li, Energy-based Out-of-distribution Detection, NeurIPS 2020, "
                "arXiv:2010.03759",
       .needs = {.outliers = true, .outlier_logits = true},
       .parameters = {
           method_parameter(
               &EnergyBounded::w_energy,
               {.name = "w_energy", .doc = "weight of the hinges", .min = 0, .max = 1e6}),
           method_parameter(&EnergyBounded::m_in,
                            {.name = "m_in",
                             .doc = "energy that pictures should stay below; the authors' for "
                                    "CIFAR-10 with WRN-40-2, -27 for CIFAR-100",
                             .min = -1e6,
                             .max = 1e6,
                             .up_to = "m_out"},
                            hinges),
           method_parameter(&EnergyBounded::m_out,
                            {.name = "m_out",
                             .doc = "energy that outliers should stay above",
                             .min = -1e6,
                             .max = 1e6},
                            hinges)}});
}
}  // namespace methods
}  // namespace nescio::train
