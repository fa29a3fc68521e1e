#include <gmock/gmock.h>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

// Jacobi rotations: eigenvectors (columns of v) of a symmetric matrix, without LAPACK.
void jacobi(std::vector<Row>& a, std::vector<Row>& v) {
  const std::size_t n = a.size();
  v.assign(n, Row(n, 0));
  for (std::size_t i = 0; i < n; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = std::cos(angle);
        const double s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k][p];
          a[k][p] = c * x - s * a[k][q];
          a[k][q] = s * x + c * a[k][q];
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[p][k];
          a[p][k] = c * x - s * a[q][k];
          a[q][k] = s * x + c * a[q][k];
          const double y = v[k][p];
          v[k][p] = c * y - s * v[k][q];
          v[k][q] = s * y + c * v[k][q];
        }
      }
    }
  }
}

TEST(Vim, IsTheVirtualLogitLessTheEnergy) {
  ToyBank bank;
  // A head of orthogonal rows has the pseudo-inverse W^T diag(1 / |w|^2), so u follows without SVD.
  for (std::size_t c = 0; c < ToyBank::classes; ++c) {
    for (std::size_t d = 0; d < ToyBank::width; ++d)
      bank.weight[c][d] = d == c || d == c + 5 ? 1.5 : 0;
  }
  Row u(ToyBank::width, 0);
  for (std::size_t c = 0; c < ToyBank::classes; ++c)
    u[c] = u[c + 5] = -bank.bias[c] * 1.5 / (2 * 1.5 * 1.5);

  const auto shifted = [&](const Row& h) {
    Row x = h;
    for (std::size_t d = 0; d < x.size(); ++d) x[d] -= u[d];
    return x;
  };
  std::vector<Row> moment(ToyBank::width, Row(ToyBank::width, 0));
  std::vector<Row> vectors;
  for (const Row& h : bank.train_features) {
    const Row x = shifted(h);
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < x.size(); ++j) moment[i][j] += x[i] * x[j];
    }
  }
  jacobi(moment, vectors);
  std::vector<std::size_t> order(ToyBank::width);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, std::greater{}, [&](std::size_t i) { return moment[i][i]; });
  for (const std::size_t dim : {3u, 6u, 11u}) {
    const auto residual = [&](const Row& h) {
      const Row x = shifted(h);
      double sum = 0;
      for (std::size_t i = dim; i < ToyBank::width; ++i) {
        double dot = 0;
        for (std::size_t d = 0; d < x.size(); ++d) dot += x[d] * vectors[d][order[i]];
        sum += dot * dot;
      }
      return std::sqrt(sum);
    };
    double logits = 0;
    double lengths = 0;
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      logits += std::ranges::max(bank.train_logits[r]);
      lengths += residual(bank.train_features[r]);
    }
    expect_formula(bank, text("vim(dim=", dim, ")"), [&](std::size_t r) {
      return logits / lengths * residual(bank.test_features[r]) - log_sum_exp(bank.test_logits[r]);
    });
  }
}

TEST(Vim, TakesHalfOfFewDimensions) {
  const ToyBank bank;
  EXPECT_EQ(bank.scores("vim"), bank.scores("vim(dim=6)"));
}

TEST(Vim, RefusesToLeaveNothing) { EXPECT_THROW(ToyBank().scores("vim(dim=12)"), Error); }

// Features x = f(first `rank` coordinates) in float32: what lies beyond is rounding.
void flatten(std::vector<Row>& features, std::size_t rank, double offset) {
  Rng rng(7);
  std::vector<Row> map(rank, Row(ToyBank::width));
  for (Row& row : map) {
    for (double& v : row) v = rng.normal();
  }
  for (Row& h : features) {
    const Row x = h;
    for (std::size_t d = 0; d < h.size(); ++d) {
      double sum = offset * map[0][d];
      for (std::size_t i = 0; i < rank; ++i) sum += x[i] * map[i][d];
      h[d] = static_cast<float>(sum);
    }
  }
}

TEST(Vim, RefusesAResidualThatIsRounding) {
  for (const Executor& executor : {Executor::cpu, Executor::reference}) {
    for (const double offset : {0.0, 1000.0}) {
      ToyBank bank;
      flatten(bank.train_features, 4, offset);
      for (const char* spec : {"vim(dim=5)", "vim(dim=11)", "vim"}) {
        const std::string refusal = io::error_of([&] { bank.scores(spec, executor); });
        EXPECT_THAT(refusal, testing::HasSubstr("no part outside the first")) << spec;
        // And u, where that is not negligible.
        EXPECT_THAT(refusal, testing::HasSubstr(offset == 0 ? "span 5 of 12" : "span 4 of 12"));
        EXPECT_THAT(refusal, testing::HasSubstr("smaller dim, e.g. 2"));
      }
      EXPECT_EQ(io::error_of([&] { bank.scores("vim(dim=3)", executor); }), "");
    }
  }
}

TEST(Vim, RefusesAsManyDimensionsAsRows) {
  ToyBank bank;
  for (std::size_t r = 6; r < ToyBank::train_rows; ++r) {
    bank.train_features[r] = bank.train_features[r % 6];
  }
  EXPECT_THAT(io::error_of([&] { bank.scores("vim(dim=6)"); }), testing::HasSubstr("span 6 of 12"));
  EXPECT_EQ(io::error_of([&] { bank.scores("vim(dim=5)"); }), "");
}

TEST(Vim, SeesAResidualAtAnyScale) {
  for (const double scale : {1e-6, 1e6}) {
    ToyBank bank;
    for (auto* rows : {&bank.train_features, &bank.test_features}) {
      for (Row& h : *rows) {
        for (double& v : h) v *= scale;
      }
    }
    EXPECT_EQ(io::error_of([&] { bank.scores("vim"); }), "") << scale;
  }
}

TEST(Vim, RefusesAnAlphaThatTurnsTheResidualRound) {
  for (const Executor& executor : {Executor::cpu, Executor::reference}) {
    ToyBank bank;
    for (Row& z : bank.train_logits) {
      for (double& v : z) v -= 100;
    }
    EXPECT_THAT(io::error_of([&] { bank.scores("vim", executor); }),
                testing::AllOf(testing::HasSubstr("mean of the largest logit over toy/train is -"),
                               testing::HasSubstr("log-probabilities")));
  }
}

TEST(Vim, TakesAHeadThatIsRankDeficientButForRounding) {
  // Rows of W add up to zero, as float32 allows: no logit says anything about that direction.
  ToyBank bank;
  for (std::size_t d = 0; d < ToyBank::width; ++d) {
    double sum = 0;
    for (std::size_t c = 0; c < ToyBank::classes; ++c) sum += bank.weight[c][d];
    for (std::size_t c = 0; c < ToyBank::classes; ++c) {
      bank.weight[c][d] = static_cast<float>(bank.weight[c][d] - sum / ToyBank::classes);
    }
  }
  const Row before = bank.scores("vim", Executor::reference);
  for (double& b : bank.bias) b += 3;  // along the direction that W does not have
  const Row after = bank.scores("vim", Executor::reference);
  for (std::size_t r = 0; r < before.size(); ++r) EXPECT_NEAR(after[r], before[r], 1e-3);
}

}  // namespace
}  // namespace nescio::detectors
