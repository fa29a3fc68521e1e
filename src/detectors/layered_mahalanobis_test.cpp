#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

constexpr const char* array_name = "layered_mahalanobis(epsilon=0.0014)";

TEST(LayeredMahalanobis, AddsUpDistancesInSharesOfTheUsualOnes) {
  ToyBank bank;
  for (auto& row : bank.train_logits) {
    for (double& v : row) v = std::abs(v) + 0.125;
  }
  const auto learned = ToyBank::probed(bank.train_logits), seen = ToyBank::probed(bank.test_logits);
  std::vector<double> usual(ToyBank::classes);
  for (const auto& row : learned) {
    for (std::size_t l = 0; l < usual.size(); ++l) {
      usual[l] += row[l] / static_cast<double>(learned.size());
    }
  }
  expect_formula(bank, "layered_mahalanobis", [&](std::size_t r) {
    double sum = 0;
    for (std::size_t l = 0; l < usual.size(); ++l) sum += seen[r][l] / usual[l];
    return sum;
  });
}

/// Distances at two places of ID and OOD rows: far apart, or so that a line parts them.
std::vector<ToyBank::Row> distances(std::size_t rows, double shift, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<ToyBank::Row> out;
  for (std::size_t r = 0; r < rows; ++r) {
    out.push_back({static_cast<float>(40 + 8 * rng.normal() + 10 * shift),
                   static_cast<float>(3 + 0.5 * rng.normal() - shift)});
  }
  return out;
}

statistics::Split split_of(const std::string& name, const std::vector<ToyBank::Row>& rows) {
  return {name, {{array_name, ToyBank::array(rows)}}, {}, 5};
}

TEST(LayeredMahalanobis, LearnsTheWeightsOfALogisticRegression) {
  for (const double shift : {0.5, 20.0}) {  // classes that overlap, and classes that do not
    const auto id = distances(120, 0, 1), first = distances(50, shift, 2),
               second = distances(30, shift / 2, 3);
    statistics::Statistics val(split_of("a/val", id), Executor::cpu);
    statistics::Statistics near(split_of("b/val", first), Executor::cpu),
        far(split_of("c/val", second), Executor::cpu);
    Chain chain("layered_mahalanobis(weights=logistic)");
    EXPECT_THAT(chain.fits_on(), testing::UnorderedElementsAre("val", "ood_val"));
    const Inputs in = make_inputs(5, 0, std::nullopt, {{array_name, 2}});
    chain.fit(in, {nullptr, &val, {&near, &far}});

    // w is what the score gives for one more of each distance.
    const std::vector<ToyBank::Row> asked = {{0, 0}, {1, 0}, {0, 1}};
    std::vector<float> scores(3);
    compile({chain.score(in)}, Executor::reference)
        ->run(to_batch({{array_name, ToyBank::array(asked)}}), {scores.data()});
    const double w[2] = {scores[1] - scores[0], scores[2] - scores[0]};

    std::vector<ToyBank::Row> all = id;
    all.insert(all.end(), first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    const auto n = static_cast<double>(all.size());
    double mean[2] = {}, deviation[2] = {};
    for (const auto& row : all) {
      for (int l = 0; l < 2; ++l) mean[l] += row[static_cast<std::size_t>(l)] / n;
    }
    for (const auto& row : all) {
      for (std::size_t l = 0; l < 2; ++l)
        deviation[l] += (row[l] - mean[l]) * (row[l] - mean[l]) / n;
    }
    for (double& d : deviation) d = std::sqrt(d);
    const auto scaled = [&](const ToyBank::Row& row, std::size_t l) {
      return (row[l] - mean[l]) / deviation[l];
    };
    // b at which sum (p - y) = 0, by bisection; there the slope by w is that of the penalty.
    const double v[2] = {w[0] * deviation[0], w[1] * deviation[1]};
    double low = -1000, high = 1000, slope[2] = {};
    for (int step = 0; step < 200; ++step) {
      const double b = (low + high) / 2;
      double excess = 0;
      slope[0] = slope[1] = 0;
      for (std::size_t r = 0; r < all.size(); ++r) {
        const double m = v[0] * scaled(all[r], 0) + v[1] * scaled(all[r], 1) + b;
        const double wrong = 1 / (1 + std::exp(-m)) - (r < id.size() ? 0 : 1);
        excess += wrong;
        for (std::size_t l = 0; l < 2; ++l) slope[l] += wrong * scaled(all[r], l);
      }
      (excess < 0 ? low : high) = b;
    }
    for (int l = 0; l < 2; ++l) {
      EXPECT_NEAR(slope[l] + v[l], 0, 1e-3) << shift;
      EXPECT_GT(std::abs(v[l]), 0.1) << shift;
    }
  }
}

TEST(LayeredMahalanobis, NeedsOodRowsForALogisticRegression) {
  const ToyBank bank;
  Chain chain("layered_mahalanobis(weights=logistic)");
  const Array seen = ToyBank::array(ToyBank::probed(bank.train_logits));
  statistics::Statistics rows({"toy/train", {{array_name, seen}}, {}, ToyBank::classes},
                              Executor::reference);
  const Inputs in =
      make_inputs(ToyBank::classes, ToyBank::width, std::nullopt, {{array_name, ToyBank::classes}});
  try {
    chain.fit(in, {&rows, &rows, {}});
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("learns its weights from OOD rows"));
  }
}

}  // namespace
}  // namespace nescio::detectors
