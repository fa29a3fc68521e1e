// ID and OOD scores in one order: what every metric of separation is read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/array.h"

namespace nescio {

/// The rows that have one score.
struct Step {
  std::uint32_t id = 0;
  std::uint32_t ood = 0;
  bool operator==(const Step&) const = default;
};

/// One step for each distinct score, ascending: the last one is the most OOD. A threshold lies
/// between steps, never within one, and that is all the metrics need to be exact under ties.
struct Ranking {
  std::vector<Step> steps;
  std::size_t id_count = 0;   // the sum of the steps' id, at least 1
  std::size_t ood_count = 0;  // the sum of the steps' ood, at least 1
};

/// Ranks rows by their scores, higher = more OOD; 0 and -0 are the same score.
/// Throws Error if a side is empty, has 2^32 rows or more, or holds a NaN or infinite score (with
/// their count and first position). O(n) time and memory; the sides are sorted in parallel.
Ranking rank(std::span<const float> id, std::span<const float> ood);
Ranking rank(std::span<const double> id, std::span<const double> ood);
/// Scores as they come from files: float32 where both sides are, otherwise double, in which every
/// score keeps its digits.
Ranking rank(const Array& id, const Array& ood);

/// A ranking that knows where its rows went: what scores of the same rows have in common can only be
/// seen row by row.
struct RowRanking {
  Ranking ranking;
  std::vector<std::uint32_t> id;   // the step of each ID row, rows in the order given
  std::vector<std::uint32_t> ood;  // and of each OOD row
};

/// The same ranking as rank(), with the step of every row. O(n log n). Error likewise.
RowRanking rank_rows(std::span<const float> id, std::span<const float> ood);
RowRanking rank_rows(std::span<const double> id, std::span<const double> ood);
RowRanking rank_rows(const Array& id, const Array& ood);

/// Which rows something was measured on: equal numbers stand for the same rows in the same order,
/// different ones for rows that are independent of each other.
struct RowNumbers {
  std::size_t id = 0;
  std::size_t ood = 0;
};

/// weight * (a metric of the ranking), a term of a sum.
struct RankingTerm {
  const RowRanking* rows;
  RowNumbers numbers;
  double weight;
};

/// Which side a metric calls positive. Rows are accepted as positive from that side's end of the
/// ranking: OOD from the highest score down, ID from the lowest up.
enum class Positive { id, ood };

}  // namespace nescio
