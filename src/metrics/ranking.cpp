#include "metrics/ranking.h"

#include <algorithm>
#include <iterator>
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
  ranking.steps.resize(id_scores.size() + ood_scores.size());
  // Row by row without a branch, which no processor could foresee: a row with a new key begins
  // the next step, any other one joins the step that was written last.
  std::size_t i = 0;
  std::size_t o = 0;
  std::size_t count = 0;
  Step step;
  ScoreKey<T> last = end;
  for (std::size_t row = 0; row < ranking.steps.size(); ++row) {
    const auto key = std::min(id[i], ood[o]);
    const std::uint32_t is_id = id[i] == key;
    const std::uint32_t same = key == last;
    step.id = step.id * same + is_id;
    step.ood = step.ood * same + (1 - is_id);
    count += 1 - same;
    ranking.steps[count - 1] = step;
    i += is_id;
    o += 1 - is_id;
    last = key;
  }
  ranking.steps.resize(count);
  return ranking;
}

/// For each row the place of its score among the distinct ones.
template <Score T>
std::vector<std::uint32_t> steps_of(std::span<const T> scores,
                                    const std::vector<ScoreKey<T>>& distinct) {
  std::vector<std::uint32_t> steps;
  steps.reserve(scores.size());
  for (const T score : scores) {
    const auto at = std::ranges::lower_bound(distinct, key_of(score));
    steps.push_back(static_cast<std::uint32_t>(at - distinct.begin()));
  }
  return steps;
}

template <Score T>
RowRanking rank_rows_of(std::span<const T> id, std::span<const T> ood) {
  RowRanking out{.ranking = rank(id, ood), .id = {}, .ood = {}};
  std::vector<ScoreKey<T>> distinct;
  std::ranges::set_union(sorted_keys(id), sorted_keys(ood), std::back_inserter(distinct));
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  out.id = steps_of(id, distinct);
  out.ood = steps_of(ood, distinct);
  return out;
}

/// f(id, ood) with the values of both arrays in the smaller type that holds all of them.
template <class F>
auto with_values(const Array& id, const Array& ood, const F& f) {
  if (id.dtype() == DType::float32 && ood.dtype() == DType::float32) {
    return f(id.as<float>(), ood.as<float>());
  }
  const Array wide_id = id.to_float64(), wide_ood = ood.to_float64();
  return f(wide_id.as<double>(), wide_ood.as<double>());
}

}  // namespace

Ranking rank(std::span<const float> id, std::span<const float> ood) { return rank_scores(id, ood); }
Ranking rank(std::span<const double> id, std::span<const double> ood) {
  return rank_scores(id, ood);
}
Ranking rank(const Array& id, const Array& ood) {
  return with_values(id, ood, [](auto a, auto b) { return rank_scores(a, b); });
}

RowRanking rank_rows(std::span<const float> id, std::span<const float> ood) {
  return rank_rows_of(id, ood);
}
RowRanking rank_rows(std::span<const double> id, std::span<const double> ood) {
  return rank_rows_of(id, ood);
}
RowRanking rank_rows(const Array& id, const Array& ood) {
  return with_values(id, ood, [](auto a, auto b) { return rank_rows_of(a, b); });
}

}  // namespace nescio
