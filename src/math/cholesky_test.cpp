#include "math/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "math/linalg.h"

namespace nescio::math {
namespace {

/// B B^T of a random B [size, rank], whose rows are scaled.
Matrix covariance(std::size_t size, std::size_t rank, double ratio) {
  Rng rng(size + rank);
  Matrix b(size, rank);
  for (std::size_t i = 0; i < b.values.size(); ++i) {
    const auto row = static_cast<double>(i / rank) / static_cast<double>(size);
    b.values[i] = std::pow(ratio, row) * rng.normal();
  }
  return multiply(b, transpose(b));
}

TEST(InverseRoot, TurnsTheMatrixIntoTheIdentity) {
  for (const std::size_t size : {1u, 2u, 5u, 33u, 130u}) {
    for (const double ratio : {1.0, 1e4, 1e-4}) {
      const Matrix a = covariance(size, 2 * size + 1, ratio);
      const auto root = inverse_root(a);
      ASSERT_TRUE(root);
      const Matrix& w = root->matrix;
      const Matrix one = multiply(multiply(transpose(w), a), w);
      for (std::size_t r = 0; r < size; ++r) {
        for (std::size_t c = 0; c < size; ++c) {
          EXPECT_NEAR(one(r, c), r == c, 1e-7) << size << " " << ratio;
          if (c < r) {
            EXPECT_EQ(w(r, c), 0);
          }
        }
      }
      double log_determinant = 0;
      for (const double v : eigen_symmetric(a).values) log_determinant += std::log(v);
      EXPECT_NEAR(root->log_determinant, log_determinant, 1e-6 * static_cast<double>(size));
    }
  }
}

TEST(InverseRoot, ReadsTheUpperTriangle) {
  Matrix a = covariance(6, 20, 1);
  const auto whole = inverse_root(a);
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t c = 0; c < r; ++c) a(r, c) = std::nan("");
  }
  EXPECT_EQ(inverse_root(a)->matrix, whole->matrix);
  EXPECT_EQ(inverse_root(Matrix(0, 0))->log_determinant, 0);
}

TEST(InverseRoot, IsRefusedWhereThereIsNone) {
  for (const double scale : {1e-12, 1.0, 1e12}) {
    for (const std::size_t rank : {1u, 7u, 15u}) {
      Matrix a = covariance(20, rank, 1);
      for (double& v : a.values) v *= scale;
      EXPECT_FALSE(inverse_root(a)) << scale << " " << rank;
      for (std::size_t i = 0; i < 20; ++i) a(i, i) += 1e-6 * scale;
      EXPECT_TRUE(inverse_root(a)) << scale << " " << rank;
    }
  }
  EXPECT_FALSE(inverse_root(Matrix(2, 2)));
  EXPECT_FALSE(inverse_root(Matrix(1, 1, -1)));
  EXPECT_FALSE(inverse_root(Matrix(1, 1, std::nan(""))));
  EXPECT_THROW(inverse_root(Matrix(2, 3)), Error);
}

}  // namespace
}  // namespace nescio::math
