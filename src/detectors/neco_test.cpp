#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;
constexpr std::size_t width = ToyBank::width;

double euclidean_length(const Row& x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

// Axes of the largest variance one after the other, by power iteration; each is taken out of the
// rows.
struct Axes {
  std::vector<Row> axes;
  Row variances;

  explicit Axes(std::vector<Row> rows) {
    for (std::size_t j = 0; j < width; ++j) {
      Row axis(width, 1);
      for (std::size_t d = 0; d < width; ++d) axis[d] += 0.1 * double(d * (j + 1) % 7);
      double variance = 0;
      for (int i = 0; i < 20000; ++i) {
        Row next(width, 0);
        for (const Row& x : rows) {
          const double along = std::inner_product(x.begin(), x.end(), axis.begin(), 0.0);
          for (std::size_t d = 0; d < width; ++d) next[d] += along * x[d] / double(rows.size());
        }
        variance = euclidean_length(next) / euclidean_length(axis);
        double moved = 0;
        const double norm = euclidean_length(next);
        for (std::size_t d = 0; d < width; ++d) {
          next[d] /= norm;
          moved += std::abs(next[d] - axis[d]);
        }
        axis = next;
        if (moved < 1e-14) break;
      }
      for (Row& x : rows) {
        const double along = std::inner_product(x.begin(), x.end(), axis.begin(), 0.0);
        for (std::size_t d = 0; d < width; ++d) x[d] -= along * axis[d];
      }
      axes.push_back(axis);
      variances.push_back(variance);
    }
  }
};

struct Scaled {
  Row mean = Row(width, 0), deviation = Row(width, 0);
  explicit Scaled(const std::vector<Row>& rows, bool standardize) {
    for (const Row& h : rows) {
      for (std::size_t d = 0; d < width; ++d) mean[d] += h[d] / double(rows.size());
    }
    for (const Row& h : rows) {
      for (std::size_t d = 0; d < width; ++d) {
        deviation[d] += (h[d] - mean[d]) * (h[d] - mean[d]) / double(rows.size());
      }
    }
    for (double& v : deviation) v = standardize ? std::sqrt(v) : 1;
  }
  Row of(Row h) const {
    for (std::size_t d = 0; d < width; ++d) h[d] = (h[d] - mean[d]) / deviation[d];
    return h;
  }
};

ToyBank positive_logits() {
  ToyBank bank;
  for (auto* rows : {&bank.train_logits, &bank.test_logits}) {
    for (Row& z : *rows) {
      for (double& v : z) v = static_cast<float>(v + 20);
    }
  }
  return bank;
}

TEST(Neco, IsTheShareInThePrincipalSpaceTimesTheLargestLogit) {
  const ToyBank bank = positive_logits();
  for (const bool standardize : {true, false}) {
    const Scaled scaled(bank.train_features, standardize);
    std::vector<Row> train;
    for (const Row& h : bank.train_features) train.push_back(scaled.of(h));
    const Axes principal(train);
    const auto share = [&](std::size_t r, std::size_t dim) {
      const Row t = scaled.of(bank.test_features[r]);
      Row projected;
      for (std::size_t j = 0; j < dim; ++j) {
        projected.push_back(std::inner_product(t.begin(), t.end(), principal.axes[j].begin(), 0.0));
      }
      return euclidean_length(projected) /
             euclidean_length(standardize ? t : bank.test_features[r]);
    };
    const std::string options = text(",standardize=", standardize ? "true" : "false", ")");
    for (const std::size_t dim : {1u, 4u, 9u}) {
      expect_formula(bank, text("neco(dim=", dim, options), [&](std::size_t r) {
        return -share(r, dim) * std::ranges::max(bank.test_logits[r]);
      });
      expect_formula(bank, text("neco(max_logit=false,dim=", dim, options),
                     [&](std::size_t r) { return -share(r, dim); });
    }
    std::size_t dim = 0;
    const double all = std::accumulate(principal.variances.begin(), principal.variances.end(), 0.0);
    for (double held = 0; held < 0.9 * all; ++dim) held += principal.variances[dim];
    EXPECT_LT(dim, width);
    expect_formula(bank, "neco(max_logit=false,dim=auto" + options,
                   [&](std::size_t r) { return -share(r, dim); });
  }
}

TEST(Neco, LeavesWhatDoesNotVaryAsItIs) {
  ToyBank bank = positive_logits();
  for (Row& h : bank.train_features) h[2] = 0;
  for (const double s : bank.scores("neco")) EXPECT_TRUE(std::isfinite(s));
  EXPECT_THAT(bank.notices("neco(dim=11)"), testing::IsEmpty());
  for (Row& h : bank.train_features) h[3] = h[4];
  EXPECT_THAT(bank.notices("neco(dim=11)"),
              testing::ElementsAre(testing::HasSubstr("span 10 dimensions")));
}

TEST(Neco, RefusesWhatSaysNothing) {
  ToyBank bank = positive_logits();
  const auto refusal = [&](const std::string& spec) {
    return io::error_of([&] { bank.scores(spec); });
  };
  EXPECT_THAT(refusal("neco(dim=12)"), testing::HasSubstr("holds all of every feature"));
  for (Row& z : bank.train_logits) {
    for (double& v : z) v -= 100;
  }
  EXPECT_THAT(refusal("neco"), testing::HasSubstr("max_logit=false"));
  EXPECT_EQ(refusal("neco(max_logit=false)"), "");
  for (Row& h : bank.train_features) h.assign(width, 2);
  EXPECT_THAT(refusal("neco(max_logit=false)"), testing::HasSubstr("do not vary"));
}

}  // namespace
}  // namespace nescio::detectors
