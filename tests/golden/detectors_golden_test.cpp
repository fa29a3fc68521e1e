// Every detector that golden/names.tsv names, on real features, against the toolkits' scores and
// against the same formula in float64. NESCIO_GOLDEN names the folder; without it the tests are
// skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "detectors/chain.h"
#include "golden_scores.h"
#include "io/json_file.h"
#include "io/npy.h"

namespace nescio {
namespace {

class Golden : public testing::Test {
 protected:
  void SetUp() override {
    if (golden().empty()) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  }
};

TEST_F(Golden, ReferenceExecutorAgreesWithFloat64) {
  const auto list = references();
  EXPECT_GE(list.size(), 32u);
  const auto scores = score_all(list, expr::Executor::reference);
  for (const Reference& r : list) {
    if (const std::string file = r.ranked_like(); !file.empty()) {
      EXPECT_GE(spearman(scores.at(r.spec), read_scores(golden() / file)), 1 - 1e-7) << r.id;
      continue;
    }
    const auto exact = read_scores(golden() / "exact" / (r.id + ".npy"));
    // exact/ recomputes the logits of these from the head; ours are the network's own.
    const bool own_logits =
        std::ranges::any_of(std::vector{"vim", "scale", "lts"},
                            [&](const char* name) { return r.spec.starts_with(name); });
    const double error = error_of_range(scores.at(r.spec), exact);
    EXPECT_LE(error, own_logits ? 1e-6 : 1e-9) << r.id << " = " << r.spec;
    RecordProperty(r.id, format_number(error));
  }
}

TEST_F(Golden, CpuExecutorAgreesWithTheToolkits) {
  const auto manifest = io::read_json(golden() / "manifest.json");
  std::map<std::string, double> tolerance;
  for (const auto& entry : manifest.at("scores")) {
    tolerance[entry.at("id").get<std::string>()] = entry.at("tolerance_of_range").get<double>();
  }
  const auto list = references();
  const auto scores = score_all(list, expr::Executor::cpu);
  for (const Reference& r : list) {
    if (const std::string file = r.ranked_like(); !file.empty()) {
      EXPECT_GE(spearman(scores.at(r.spec), read_scores(golden() / file)), 1 - 1e-7) << r.id;
      continue;
    }
    // The toolkit's own rounding is larger than any fault of ours would be.
    const bool exact = r.match == "exact";
    const double error = error_of_range(
        scores.at(r.spec), read_scores(golden() / (exact ? "exact" : "scores") / (r.id + ".npy")));
    EXPECT_LE(error, exact ? 1e-6 : tolerance.at(r.id)) << r.id << " = " << r.spec;
    RecordProperty(r.id, format_number(error));
  }
}

/// A manifest entry.
nlohmann::json entry(const std::string& id) {
  const auto manifest = io::read_json(golden() / "manifest.json");
  for (const auto& found : manifest.at("scores")) {
    if (found.at("id") == id) return found;
  }
  fail("manifest.json has no entry '", id, "'");
}

/// What a detector learns from the training or validation split.
std::map<std::string, Array> learned(const std::string& spec) {
  const detectors::Inputs in = detectors::make_inputs(10, 64, std::nullopt);
  statistics::Statistics train(golden_split("train"), expr::Executor::reference);
  statistics::Statistics val(golden_split("id_val"), expr::Executor::reference);
  detectors::Chain chain(spec);
  chain.fit(in, {&train, &val});
  return chain.learned();
}

// names.tsv compares the order of `temperature` with that of the largest probabilities at the optimum; so that they do
// not tie, our scores are log-odds of these. Their values are those of the file by p = 1 / (1 + e^s).
TEST_F(Golden, TemperatureGivesTheProbabilitiesAtTheOptimum) {
  const auto exact = read_scores(golden() / "exact/temp_scaling_optimal.npy");
  for (const auto& [executor, tolerance] :
       {std::pair{expr::Executor::reference, 1e-9}, {expr::Executor::cpu, 1e-6}}) {
    const auto scores =
        score_all({{"", "temperature", ""}, {"", "temperature(variant=openood)", ""}}, executor);
    auto probabilities = scores.at("temperature");
    for (double& s : probabilities) s = 1 / (1 + std::exp(s));
    EXPECT_LE(error_of_range(probabilities, exact), tolerance);
    EXPECT_LE(error_of_range(scores.at("temperature(variant=openood)"), exact), tolerance);
  }
  const double optimum = entry("openood/temp_scaling").at("fitted").at("optimal_T").get<double>();
  EXPECT_NEAR(learned("temperature").at("0.T").as<double>()[0], optimum, 1e-7);
}

TEST_F(Golden, OpenMaxFitsTheToolkitsDistributions) {
  for (const auto& [id, spec] : {std::pair{"openmax__alpha-3_tail-20", "openmax(alpha=3,tail=20)"},
                                 {"openmax__alpha-10_tail-50", "openmax(alpha=10,tail=50)"}}) {
    const auto state = entry(text("openood/", id)).at("state");
    const auto file = [&](const char* name) {
      return read_scores(golden() / state.at(name).get<std::string>());
    };
    const auto found = learned(spec);
    const auto values = [&](const char* name) { return found.at(name).as<double>(); };
    const auto mav = file("mav");
    for (std::size_t i = 0; i < mav.size(); ++i) EXPECT_NEAR(values("0.means")[i], mav[i], 1e-5);
    const auto weibull = file("weibull_scale_shape_sign_shift_min");
    for (std::size_t c = 0; c < 10; ++c) {
      const double scale = weibull[5 * c], shape = weibull[5 * c + 1];
      const double shift = weibull[5 * c + 3], nearest = weibull[5 * c + 4];
      EXPECT_NEAR(values("0.scale")[c], scale, 1e-4 * scale) << spec << ", class " << c;
      EXPECT_NEAR(values("0.shape")[c], shape, 1e-4 * shape) << spec << ", class " << c;
      EXPECT_NEAR(values("0.location")[c], nearest - shift + scale, 1e-4)
          << spec << ", class " << c;
    }
  }
}

// Scores of toolkits that names.tsv has no spec for.
TEST_F(Golden, VariantsThatNoNameAsksForAgree) {
  std::string weights;
  for (int c = 0; c < 10; ++c) {
    const auto w = static_cast<float>(-0.1 + 1.8 * c / 9);
    weights += (c ? "," : "") + format_number(std::max(w, 0.0f));
  }
  const std::vector<Reference> list = {
      {"pytorch-ood-0.2/openmax__tailsize-25_alpha-10",
       "openmax(alpha=10,tail=25,variant=pytorch_ood)", ""},
      {"pytorch-ood-0.4/openmax__tailsize-25_alpha-10_euclid_weight-0.5",
       "openmax(alpha=10,tail=25,euclid_weight=0.5,variant=pytorch_ood)", ""},
      {"pytorch-ood-0.2/webo", "weighted_energy(weights=(" + weights + "))", ""}};
  const auto reference = score_all(list, expr::Executor::reference);
  const auto cpu = score_all(list, expr::Executor::cpu);
  for (const Reference& r : list) {
    const auto exact = read_scores(golden() / "exact" / (r.id + ".npy"));
    EXPECT_LE(error_of_range(reference.at(r.spec), exact), 1e-9) << r.id;
    const auto scores = read_scores(golden() / "scores" / (r.id + ".npy"));
    EXPECT_LE(error_of_range(cpu.at(r.spec), scores),
              entry(r.id).at("tolerance_of_range").get<double>())
        << r.id;
  }
}

// pytorch-ood 0.2 does not divide the background covariance by N: a right implementation must not
// match it.
TEST_F(Golden, RelativeMahalanobisIsNotTheWrongOne) {
  const auto path = golden() / "scores/pytorch-ood-0.2/rmds.npy";
  const auto scores =
      score_all({{"", "relative_mahalanobis", ""}, {"", "mahalanobis", ""}}, expr::Executor::cpu);
  EXPECT_GT(spearman(scores.at("mahalanobis"), read_scores(path)), 1 - 1e-5);
  EXPECT_LT(spearman(scores.at("relative_mahalanobis"), read_scores(path)), 0.99);
}

}  // namespace
}  // namespace nescio
