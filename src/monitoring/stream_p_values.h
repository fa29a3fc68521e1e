// Conformal p-values of a stream: each row is ranked among the calibration rows and all rows before it.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace nescio::monitoring {

/// Exact in bounded memory, whatever the length of the stream.
///
/// p_k = (A + V B) / (n + k), where n + k - 1 scores came before, n of them of calibration. The calibration scores cut
/// the line into n + 1 gaps. B is one more than the scores of the stream in the gap of the new one, A the same sum over
/// all gaps above it, V uniform in (0, 1). If calibration rows and stream are exchangeable, the new score is equally
/// likely to lie in each of the n + k gaps that all scores before it leave, and in which one does not depend on how those
/// are ordered; so each p_k is uniform in (0, 1) and independent of the others. Ranking within a gap, as full conformal
/// p-values do (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2nd ed. 2022, chapter 8), changes only
/// what V makes of it, and would need the whole stream. Equal scores are put in random order: each has a random number
/// beside it.
///
/// Memory 20 bytes a calibration row, O(log n) a row. Small = scores high = unusual.
class StreamPValues {
 public:
  /// Error without a calibration score and for one that is not finite. All draws follow from the seed and the number of
  /// the row.
  StreamPValues(std::span<const float> calibration, std::uint64_t seed);

  /// The p-value of the next row. Error for a score that is not finite.
  double next(float score);

  /// Rows of the stream so far.
  std::uint64_t rows() const { return rows_; }
  /// How many of them lie in each of the n + 1 gaps, ascending.
  const std::vector<std::uint64_t>& gaps() const { return gaps_; }
  /// As if the stream had been read so far. Error for another number of gaps.
  void restore(std::vector<std::uint64_t> gaps);

 private:
  void add(std::size_t gap, std::uint64_t count);
  /// Rows of the stream in the gaps below this one.
  std::uint64_t before(std::size_t gap) const;

  std::uint64_t seed_;
  std::vector<std::pair<float, std::uint64_t>>
      bounds_;  // calibration scores and their random numbers, ascending
  std::vector<std::uint64_t> gaps_;
  std::vector<std::uint64_t> sums_;  // of gaps_, as a binary indexed tree (Fenwick 1994)
  std::uint64_t rows_ = 0;
};

}  // namespace nescio::monitoring
