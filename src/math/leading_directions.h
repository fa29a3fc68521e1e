// The directions that rows are longest in.
#pragma once

#include <cstddef>
#include <vector>

namespace nescio::math {

/// Columns that are orthonormal up to `skew`.
struct LeadingDirections {
  std::size_t width = 0, count = 0;
  std::vector<float> matrix = {};  // [width, count]
  double skew = 0;                 // no eigenvalue of its Gram matrix is farther from 1

  /// Those that come first.
  LeadingDirections first(std::size_t wanted) const;
  /// y [rows, count] of x [rows, width], at distances of `stride`.
  void project(const float* x, std::size_t rows, std::size_t stride, float* y) const;
  /// No projection of x is farther from what exact sums give than this times |x|, in whatever order it is summed up.
  double relative_error() const;
  /// What is lost besides where products leave the range of floats below.
  double absolute_error() const;
};

/// At most `count` directions, about those of the largest singular values of rows [n, width], the largest first: a
/// subspace iteration from random ones, 12 n width count operations (Halko, Martinsson, Tropp 2011). Fewer where the
/// rows span fewer, none where a row is not finite. What is found depends on the rows alone.
LeadingDirections leading_directions(const float* rows, std::size_t n, std::size_t width,
                                     std::size_t count);

}  // namespace nescio::math
