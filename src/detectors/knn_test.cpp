#include <gmock/gmock.h>
#include "base/error.h"

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

double distance_to_neighbour(const ToyBank& bank, std::size_t row, std::size_t k, bool normalize) {
  const auto scaled = [&](std::vector<double> h) {
    const double norm =
        normalize ? std::sqrt(std::inner_product(h.begin(), h.end(), h.begin(), 0.0)) : 1;
    for (double& v : h) v /= norm;
    return h;
  };
  const auto h = scaled(bank.test_features[row]);
  std::vector<double> distances;
  for (const auto& other : bank.train_features) {
    const auto g = scaled(other);
    double sum = 0;
    for (std::size_t d = 0; d < h.size(); ++d) sum += (h[d] - g[d]) * (h[d] - g[d]);
    distances.push_back(std::sqrt(sum));
  }
  std::ranges::sort(distances);
  return distances[k - 1];
}

TEST(Knn, IsTheDistanceToTheKthNeighbour) {
  const ToyBank bank;
  for (const std::size_t k : {1u, 7u, 50u, 200u}) {
    expect_formula(bank, text("knn(k=", k, ")"),
                   [&](std::size_t r) { return distance_to_neighbour(bank, r, k, true); });
    expect_formula(bank, text("knn(k=", k, ",normalize=false)"),
                   [&](std::size_t r) { return distance_to_neighbour(bank, r, k, false); });
    expect_formula(bank, text("knn(k=", k, ",variant=openood)"), [&](std::size_t r) {
      return std::pow(distance_to_neighbour(bank, r, k, true), 2);
    });
  }
}

TEST(Knn, IsTheSameFarFromTheOrigin) {
  for (const double offset : {1e3, 1e4, 1e5}) {
    for (const std::size_t columns : {std::size_t{1}, ToyBank::width}) {
      SCOPED_TRACE(text("offset ", offset, " of ", columns, " columns"));
      const ToyBank bank = ToyBank().moved(offset, columns);
      for (const std::size_t k : {1u, 7u, 50u}) {
        expect_formula(bank, text("knn(k=", k, ",normalize=false)"),
                       [&](std::size_t r) { return distance_to_neighbour(bank, r, k, false); });
        // A unit vector of floats is off by some 3e-8, and scores range over 1 / offset.
        expect_formula(
            bank, text("knn(k=", k, ")"),
            [&](std::size_t r) { return distance_to_neighbour(bank, r, k, true); },
            1e-5 + 1e-7 * offset);
      }
    }
  }
}

TEST(Knn, OfATrainingRowIsZero) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::test_rows; ++r)
    bank.test_features[r] = bank.train_features[r];
  for (const double s : bank.scores("knn(k=1)")) EXPECT_EQ(s, 0);
}

TEST(Knn, RefusesMoreNeighboursThanRows) { EXPECT_THROW(ToyBank().scores("knn(k=201)"), Error); }

TEST(Knn, RefusesFeaturesWithoutDirection) {
  ToyBank bank;
  for (auto& h : bank.train_features) h.assign(ToyBank::width, 0);
  EXPECT_THAT(io::error_of([&] { bank.scores("knn"); }),
              testing::HasSubstr("200 of the 200 rows of toy/train have no direction"));
  EXPECT_EQ(io::error_of([&] { bank.scores("knn(normalize=false)"); }), "");
}

TEST(Knn, SeesDirectionsAtAnyScale) {
  const ToyBank bank;
  ToyBank tiny = bank;
  for (auto* rows : {&tiny.train_features, &tiny.test_features}) {
    for (auto& h : *rows) {
      for (double& v : h) v *= 0x1p-50;
    }
  }
  EXPECT_EQ(tiny.scores("knn(k=3)"), bank.scores("knn(k=3)"));
}

}  // namespace
}  // namespace nescio::detectors
