// Which rows of a split are there.
#pragma once

#include <cstddef>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/communicator.h"

namespace nescio::bank {

/// A set of row numbers, as runs of rows that follow each other: sorted, apart from each other.
class RowRanges {
 public:
  void add(Share rows);
  /// Rows in it.
  std::size_t count() const;
  /// Of the rows 0 .. rows - 1, those that are not in it.
  std::vector<Share> gaps(std::size_t rows) const;
  /// The gaps, cut at the multiples of `unit`, shared by processes: what one of them has. The cuts
  /// do not depend on how many there are.
  std::vector<Share> share_of_gaps(const Communicator& processes, std::size_t rows,
                                   std::size_t unit) const;
  const std::vector<Share>& ranges() const { return ranges_; }

  /// [[first, count], ...]
  nlohmann::json to_json() const;
  /// Error for anything else, and for rows beyond `rows`.
  static RowRanges from_json(const nlohmann::json& json, std::size_t rows);

 private:
  std::vector<Share> ranges_;
};

}  // namespace nescio::bank
