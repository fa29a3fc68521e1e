#include "metrics/ranking.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "metrics/sort_scores.h"

namespace nescio::metrics {
namespace {

// Rows that take longer to sort than a thread to wake.
constexpr std::size_t worth_a_thread = 50'000;

void require_countable(std::size_t rows, std::string_view what) {
  constexpr std::size_t limit = std::numeric_limits<std::uint32_t>::max();
  if (rows <= limit) return;
  fail("[metrics] ", what, ": expected at most ", limit, ", found ", rows, "; evaluate a sample");
}

template <Score T>
Ranking rank_scores(std::span<const T> id_scores, std::span<const T> ood_scores) {
  require_countable(id_scores.size(), "ID scores");
  require_countable(ood_scores.size(), "OOD scores");
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

template <Score T>
SortedRows sort_rows_of(std::span<const T> scores, std::string_view what) {
  require_finite(scores, what);
  require_countable(scores.size(), what);
  SortedRows out;
  out.scores.reserve(scores.size());
  out.rows.reserve(scores.size());
  for (const KeyOfRow<T>& row : sorted_rows(scores)) {
    out.scores.push_back(score_of<T>(row.key));
    out.rows.push_back(row.row);
  }
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

SortedRows sort_rows(const Array& scores, std::string_view what) {
  if (scores.dtype() == DType::float32) return sort_rows_of(scores.as<float>(), what);
  const Array wide = scores.to_float64();
  return sort_rows_of(wide.as<double>(), what);
}

RowRanking rank_rows(const SortedRows& id, const SortedRows& ood,
                     std::span<const std::uint8_t> right) {
  if (!right.empty() && right.size() != id.rows.size()) {
    fail("[metrics] expected an answer for each of the ", id.rows.size(), " ID rows, found ",
         right.size());
  }
  RowRanking out{.ranking = {.steps = {}, .id_count = id.rows.size(), .ood_count = ood.rows.size()},
                 .id = std::vector<std::uint32_t>(id.rows.size()),
                 .ood = std::vector<std::uint32_t>(ood.rows.size()),
                 .right = {right.begin(), right.end()}};
  Ranking& ranking = out.ranking;
  ranking.steps.resize(id.rows.size() + ood.rows.size());
  ranking.scores.resize(ranking.steps.size());
  ranking.right.resize(right.empty() ? 0 : ranking.steps.size());
  // Row by row, without a branch that no processor could foresee while both sides have some left.
  std::size_t count = 0;
  const auto join = [&](double score, bool is_id, std::uint32_t row) {
    count += count == 0 || score != ranking.scores[count - 1];
    ranking.scores[count - 1] = score;
    Step& step = ranking.steps[count - 1];
    step.id += is_id;
    step.ood += !is_id;
    (is_id ? out.id : out.ood)[row] = static_cast<std::uint32_t>(count - 1);
    if (is_id && !right.empty()) ranking.right[count - 1] += right[row];
  };
  std::size_t i = 0;
  std::size_t o = 0;
  while (i < id.rows.size() && o < ood.rows.size()) {
    const bool is_id = id.scores[i] <= ood.scores[o];
    join(is_id ? id.scores[i] : ood.scores[o], is_id, is_id ? id.rows[i] : ood.rows[o]);
    i += is_id;
    o += !is_id;
  }
  for (; i < id.rows.size(); ++i) join(id.scores[i], true, id.rows[i]);
  for (; o < ood.rows.size(); ++o) join(ood.scores[o], false, ood.rows[o]);
  ranking.steps.resize(count);
  ranking.scores.resize(count);
  if (!right.empty()) ranking.right.resize(count);
  return out;
}

RowRanking rank_rows(const Array& id, const Array& ood, std::span<const std::uint8_t> right) {
  return rank_rows(sort_rows(id, "ID scores"), sort_rows(ood, "OOD scores"), right);
}

}  // namespace nescio::metrics
