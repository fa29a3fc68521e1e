#include "math/linalg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"

namespace nescio::math {
namespace {

using testing::HasSubstr;
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Matrix a(rows, cols);
  for (double& value : a.values) value = normal(random);
  return a;
}

/// Positive semi-definite of the given rank.
Matrix random_covariance(std::size_t size, std::size_t rank, std::uint32_t seed) {
  const Matrix factor = random_matrix(size, rank, seed);
  return multiply(factor, transpose(factor));
}

void expect_near(const Matrix& found, const Matrix& expected, double tolerance) {
  ASSERT_EQ(found.rows, expected.rows);
  ASSERT_EQ(found.cols, expected.cols);
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    ASSERT_NEAR(found.values[i], expected.values[i], tolerance) << "element " << i;
  }
}

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Linalg, TransposeAndMultiplyEqualPlainLoops) {
  for (const auto& [m, k, n] : {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1},
                                {3, 5, 2},
                                {40, 33, 65},
                                {0, 3, 2},
                                {3, 0, 2},
                                {3, 2, 0}}) {
    const Matrix a = random_matrix(m, k, 1), b = random_matrix(k, n, 2);
    const Matrix t = transpose(a), c = multiply(a, b);
    ASSERT_EQ(c.rows, m);
    ASSERT_EQ(c.cols, n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t l = 0; l < k; ++l) ASSERT_EQ(t(l, i), a(i, l));
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::size_t l = 0; l < k; ++l) sum += a(i, l) * b(l, j);
        ASSERT_NEAR(c(i, j), sum, 1e-12);
      }
    }
  }
  EXPECT_THAT(message_of([] { multiply(Matrix(2, 3), Matrix(2, 3)); }),
              HasSubstr("found [2, 3] and [2, 3]"));
}

TEST(Linalg, ScatterAddsOuterProductsToTheUpperTriangle) {
  const std::size_t size = 7, count = 20;
  const Matrix rows = random_matrix(count, size, 1);
  Matrix scatter(size, size, 1.0);
  add_scatter(rows.values.data(), 12, scatter);
  add_scatter(rows.values.data() + 12 * size, 8, scatter);
  add_scatter(nullptr, 0, scatter);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      double sum = 1;
      for (std::size_t r = 0; r < count && j >= i; ++r) sum += rows(r, i) * rows(r, j);
      ASSERT_NEAR(scatter(i, j), sum, 1e-12);
    }
  }
  mirror_upper(scatter);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) ASSERT_EQ(scatter(i, j), scatter(j, i));
  }
}

TEST(Linalg, EigenvectorsRebuildTheMatrix) {
  for (const std::size_t size : {1u, 2u, 10u, 65u}) {
    const Matrix a = random_covariance(size, size + 3, 5);
    const Eigen eigen = eigen_symmetric(a);
    EXPECT_TRUE(std::is_sorted(eigen.values.begin(), eigen.values.end()));
    Matrix scaled = eigen.vectors;
    for (std::size_t r = 0; r < size; ++r) {
      for (std::size_t c = 0; c < size; ++c) scaled(r, c) *= eigen.values[c];
    }
    const double scale = eigen.values.back();
    expect_near(multiply(scaled, transpose(eigen.vectors)), a,
                1e-13 * scale * static_cast<double>(size));
    Matrix identity(size, size);
    for (std::size_t i = 0; i < size; ++i) identity(i, i) = 1;
    expect_near(multiply(transpose(eigen.vectors), eigen.vectors), identity, 1e-12);
  }
  EXPECT_TRUE(eigen_symmetric(Matrix(0, 0)).values.empty());
}

TEST(Linalg, EigenReadsTheUpperTriangleOnly) {
  Matrix a = random_covariance(5, 5, 1);
  const Eigen full = eigen_symmetric(a);
  for (std::size_t r = 0; r < 5; ++r) {
    for (std::size_t c = 0; c < r; ++c) a(r, c) = 99;
  }
  EXPECT_EQ(eigen_symmetric(a).values, full.values);
}

TEST(Linalg, PseudoInverseFulfilsPenrosesEquations) {
  for (const auto& [m, n, rank] : {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1},
                                   {5, 5, 5},
                                   {8, 3, 3},
                                   {3, 8, 3},
                                   {9, 7, 4},
                                   {7, 9, 1}}) {
    const Matrix a = multiply(random_matrix(m, rank, 1), random_matrix(rank, n, 2));
    const Matrix p = pseudo_inverse(a);
    const Matrix ap = multiply(a, p), pa = multiply(p, a);
    expect_near(multiply(ap, a), a, 1e-11);
    expect_near(multiply(pa, p), p, 1e-11);
    expect_near(transpose(ap), ap, 1e-11);
    expect_near(transpose(pa), pa, 1e-11);
  }
  expect_near(pseudo_inverse(Matrix(2, 3)), Matrix(3, 2), 0);
}

Matrix identity(std::size_t size) {
  Matrix one(size, size);
  for (std::size_t i = 0; i < size; ++i) one(i, i) = 1;
  return one;
}

TEST(Linalg, WhiteningSquaresToThePseudoInverse) {
  for (const auto& [size, rank] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {6, 6}, {20, 7}, {20, 1}}) {
    const Matrix covariance = random_covariance(size, rank, 4);
    const Whitening w = whitening(covariance);
    EXPECT_EQ(w.matrix.cols, rank);
    EXPECT_EQ(w.matrix.rows, size);
    EXPECT_EQ(w.matrix.cols, rank);
    expect_near(multiply(w.matrix, transpose(w.matrix)), pseudo_inverse(covariance), 1e-9);
    ASSERT_EQ(w.outside.cols, size - rank);
    expect_near(multiply(transpose(w.outside), w.outside), identity(size - rank), 1e-12);
    expect_near(multiply(transpose(w.outside), w.matrix), Matrix(size - rank, rank), 1e-9);
  }
}

// Half of the entries are zeros, whichever way it was made: that is what makes products with it cheap.
TEST(Linalg, WhiteningIsATriangleOrATrapezoid) {
  const Matrix full = whitening(random_covariance(9, 9, 4)).matrix;
  const Matrix part = whitening(random_covariance(9, 5, 4)).matrix;
  for (std::size_t r = 0; r < 9; ++r) {
    for (std::size_t c = 0; c < r; ++c) EXPECT_EQ(full(r, c), 0);
    for (std::size_t c = r + 1; c < part.cols; ++c) EXPECT_EQ(part(r, c), 0);
  }
}

// Cholesky's factor exists here, but shows no more than that the rank may be full.
TEST(Linalg, DecidesTheRankByEigenvaluesWhereTheyComeNearTheNoise) {
  Matrix diagonal = identity(40);
  for (std::size_t i = 0; i < 40; ++i) diagonal(i, i) = 1.5;
  EXPECT_EQ(whitening(diagonal, 1.4).matrix.cols, 40U);
  diagonal(7, 7) = 1.3;
  const Whitening w = whitening(diagonal, 1.4);
  EXPECT_EQ(w.matrix.cols, 39U);
  EXPECT_NEAR(std::abs(w.outside(7, 0)), 1, 1e-12);
}

TEST(Linalg, ATrapezoidKeepsLengths) {
  for (const auto& [rows, cols] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {7, 7}, {30, 11}, {5, 0}}) {
    const Matrix a = random_matrix(rows, cols, 6);
    const Matrix b = lower_trapezoid(a);
    expect_near(multiply(b, transpose(b)), multiply(a, transpose(a)), 1e-12);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = r + 1; c < cols; ++c) EXPECT_EQ(b(r, c), 0);
    }
  }
  EXPECT_THAT(message_of([] { lower_trapezoid(Matrix(2, 3)); }), HasSubstr("[2, 3]"));
}

TEST(Linalg, LeaveOutWhatIsBelowTheNoise) {
  Matrix diagonal(3, 3);
  diagonal(0, 0) = 4, diagonal(1, 1) = 1e-3, diagonal(2, 2) = 1e-9;
  EXPECT_EQ(whitening(diagonal).matrix.cols, 3U);
  EXPECT_EQ(whitening(diagonal, 1e-6).matrix.cols, 2U);
  EXPECT_THAT(message_of([&] { whitening(diagonal, 4); }), HasSubstr("zero but for rounding"));
  const Matrix inverse = pseudo_inverse(diagonal, 1e-7);
  EXPECT_NEAR(inverse(1, 1), 1e3, 1e-9);
  EXPECT_EQ(inverse(2, 2), 0);
}

TEST(Linalg, SaysWhatIsWrong) {
  Matrix bad(2, 2, 1.0);
  bad(0, 1) = not_a_number;
  EXPECT_THAT(message_of([&] { eigen_symmetric(bad); }), HasSubstr("found 1 of 4 NaN or infinite"));
  EXPECT_THAT(message_of([&] { pseudo_inverse(bad); }), HasSubstr("NaN or infinite"));
  EXPECT_THAT(message_of([&] { whitening(bad); }), HasSubstr("NaN or infinite"));
  EXPECT_THAT(message_of([] { whitening(Matrix(3, 3)); }), HasSubstr("covariance [3, 3] is zero"));
  EXPECT_THAT(message_of([] { whitening(Matrix()); }), HasSubstr("covariance [0, 0] is zero"));
  EXPECT_THAT(message_of([] { eigen_symmetric(Matrix(2, 3)); }),
              HasSubstr("square matrix, found [2, 3]"));
}

}  // namespace
}  // namespace nescio::math
