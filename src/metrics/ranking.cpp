#include "metrics/ranking.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "metrics/sort_scores.h"

namespace nescio {
namespace {

// Rows that take longer to sort than a thread to wake.
constexpr std::size_t worth_a_thread = 50'000;

template <Score T>
Ranking rank_scores(std::span<const T> id_scores, std::span<const T> ood_scores) {
  constexpr std::size_t limit = std::numeric_limits<std::uint32_t>::max();
  if (std::max(id_scores.size(), ood_scores.size()) > limit) {
    fail("[metrics] expected at most ", limit, " scores on either side, found ", id_scores.size(),
         " of ID and ", ood_scores.size(), " of OOD rows; evaluate a sample");
  }
  require_finite(id_scores, "ID scores");
  require_finite(ood_scores, "OOD scores");
  std::vector<ScoreKey<T>> id;
  std::vector<ScoreKey<T>> ood;
  const auto sort_side = [&](std::size_t side) {
    (side == 0 ? id : ood) = sorted_keys(side == 0 ? id_scores : ood_scores);
  };
  if (std::min(id_scores.size(), ood_scores.size()) < worth_a_thread) {
    sort_side(0);
    sort_side(1);
  } else {
    parallel_for(2, sort_side);
  }

  // No key of a finite score is that large: the merge needs no test for the end of a side.
  constexpr auto end = std::numeric_limits<ScoreKey<T>>::max();
  id.push_back(end);
  ood.push_back(end);
  Ranking ranking{{}, id_scores.size(), ood_scores.size()};
  ranking.steps.reserve(id_scores.size() + ood_scores.size());
  std::size_t i = 0;
  std::size_t o = 0;
  for (auto key = std::min(id[0], ood[0]); key != end; key = std::min(id[i], ood[o])) {
    const std::size_t first_id = i;
    const std::size_t first_ood = o;
    while (id[i] == key) ++i;
    while (ood[o] == key) ++o;
    ranking.steps.push_back(
        {static_cast<std::uint32_t>(i - first_id), static_cast<std::uint32_t>(o - first_ood)});
  }
  return ranking;
}

}  // namespace

Ranking rank(std::span<const float> id, std::span<const float> ood) { return rank_scores(id, ood); }
Ranking rank(std::span<const double> id, std::span<const double> ood) {
  return rank_scores(id, ood);
}

}  // namespace nescio
