// Skeleton: the file to copy when you add a detector. The conformance suite tests it like the rest.
//
//   s(x) = |h - mu|^power,  mu = mean of the training features              higher = more OOD
//
// 1. Copy it to NAME.cpp, write NAME_test.cpp beside it, add `nescio_add_detector(NAME)` to
//    CMakeLists.txt. Nothing else is edited: list, describe, saving and conformance follow from
//    the description, and docs/catalogue/ is written by the build target `catalogue`.
// 2. State the formula in our sign here, and in the description the paper, what scoring a row costs
//    and where we deviate from the authors' code.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Skeleton final : public Detector {
 public:
  // 3. Parameters with their defaults.
  double power = 1;

  // 4. What is learned: constants, taken from statistics that are shared with other detectors.
  Matrix mean;
  void fit(const Inputs& in, const FitData& data) override {
    mean = data.of(fit_on).mean(in.features);
  }

  // 5. The score as the paper writes it.
  Expr score(const Inputs& in) const override { return pow(l2_norm(in.features - mean), power); }
};

}  // namespace

// 6. The description.
DetectorInfo skeleton() {
  return describe<Skeleton>({
      .name = "skeleton",
      .summary = "Distance of the features to their training mean: an example to copy.",
      .formula = "s(x) = |h - mu|^power",
      .paper = {"none", "an example, not a published method", "", ""},
      .needs = {.features = true},
      .cost = "O(D) a row",
      .fit_on = "train",
      .parameters = {parameter(&Skeleton::power, {.name = "power",
                                                  .doc = "exponent; the order stays the same",
                                                  .min = 0,
                                                  .min_excluded = true,
                                                  .sweep = {"1", "2"}})},
      .learned = {learned(&Skeleton::mean, "mean", "[1, D]")},
      .weak_on_toy_data =
          "the mean of all classes lies between them, where the toy world's OOD rows are too",
  });
}

}  // namespace nescio::detectors
