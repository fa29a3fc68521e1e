// T2FNorm at test time: the head at the temperature that the features were trained at.
//   z' = W h / tau + b
// Training divides h / |h| by tau, testing only h: the length, which training never showed to the
// loss, tells ID from OOD. For a network that was trained so, with its tau. The head becomes W / tau
// for later stages and features stay as they are: a factor that all rows share tells nothing apart.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class T2FNorm final : public Shaper {
 public:
  double tau = 0.1;

  Inputs shape(const Inputs& in) const override {
    Matrix weight = matrix_of(in.head->weight);
    for (double& w : weight.values) w /= tau;
    return in.with_head({std::move(weight), in.head->bias});
  }
};

}  // namespace

DetectorInfo t2fnorm() {
  return describe<T2FNorm>({
      .name = "t2fnorm",
      .summary = "Logits at the temperature of a network that was trained with T2FNorm.",
      .formula = "z' = W h / tau + b",
      .paper = {"Regmi, Panthi, Dotel, Gyawali, Stoyanov, Bhattarai",
                "T2FNorm: Train-time Feature Normalization for OOD Detection in Image "
                "Classification",
                "CVPR workshops 2024", "2305.17797"},
      .needs = {.features = true, .head = true},
      .cost = "O(C D) a row: one product with the head",
      .parameters = {parameter(
          &T2FNorm::tau,
          {.name = "tau", .doc = "temperature of the training", .min = 0, .min_excluded = true})},
      .deviations = {"features of both signs, as transformers have them, are divided like others"},
      .must_be_chosen = true,
  });
}

}  // namespace nescio::detectors
