// ID and OOD scores in one order: what every metric of separation is read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/array.h"

namespace nescio::metrics {

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
  // Of each step, for the metrics that need more than the order; empty where it is not known.
  std::vector<std::uint32_t> right = {};  // its ID rows that the network classified right
  std::vector<double> scores = {};
};

/// Ranks rows by their scores, higher = more OOD; 0 and -0 are the same score.
/// Throws Error if a side is empty, has 2^32 rows or more, or holds a NaN or infinite score (with
/// their count and first position). O(n) time and memory; the sides are sorted in parallel.
Ranking rank(std::span<const float> id, std::span<const float> ood);
Ranking rank(std::span<const double> id, std::span<const double> ood);
/// Scores as they come from files: float32 where both sides are, otherwise double, in which every
/// score keeps its digits.
Ranking rank(const Array& id, const Array& ood);

/// The rows of one set by one score, ascending: sorted once, ranked against any number of sets.
struct SortedRows {
  std::vector<double> scores;
  std::vector<std::uint32_t> rows;  // which row has it
};

/// O(n). Error as rank(); `what` ("ID scores") names the set in it.
SortedRows sort_rows(const Array& scores, std::string_view what);

/// A ranking that knows where its rows went: what scores of the same rows have in common can only be
/// seen row by row.
struct RowRanking {
  Ranking ranking;                  // with its scores, and `right` where that is known
  std::vector<std::uint32_t> id;    // the step of each ID row, rows in the order given
  std::vector<std::uint32_t> ood;   // and of each OOD row
  std::vector<std::uint8_t> right;  // 1 for each ID row that was classified right, or empty
};

/// The same ranking as rank(), with the step of every row. `right` is empty or has an entry for each
/// ID row. O(n).
RowRanking rank_rows(const SortedRows& id, const SortedRows& ood,
                     std::span<const std::uint8_t> right = {});
/// Sorts first. Error as rank().
RowRanking rank_rows(const Array& id, const Array& ood, std::span<const std::uint8_t> right = {});

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

}  // namespace nescio::metrics
