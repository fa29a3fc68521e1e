#include "metrics/sort_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/error.h"

namespace nescio::metrics {
namespace {

// Least significant byte first (Knuth, The Art of Computer Programming 3, 5.2.5): 256 buckets fit
// into the L1 cache, so every pass runs at the speed of memory.
template <class Item, class KeyOf>
void radix_sort(std::vector<Item>& items, const KeyOf& key_of_item) {
  using Key = std::remove_cvref_t<decltype(key_of_item(items[0]))>;
  constexpr std::size_t buckets = 256;
  std::array<std::array<std::size_t, buckets>, sizeof(Key)> starts{};
  for (const Item& item : items) {
    const Key key = key_of_item(item);
    for (std::size_t byte = 0; byte < sizeof(Key); ++byte) ++starts[byte][key >> (8 * byte) & 255];
  }
  if (items.empty()) return;
  std::vector<Item> sorted(items.size());
  for (std::size_t byte = 0; byte < sizeof(Key); ++byte) {
    auto& start = starts[byte];
    const auto bucket = [&](const Item& item) { return key_of_item(item) >> (8 * byte) & 255; };
    if (start[bucket(items.front())] == items.size()) continue;  // all in one bucket
    std::size_t sum = 0;
    for (std::size_t& entry : start) {
      const std::size_t count = entry;
      entry = sum;
      sum += count;
    }
    for (const Item& item : items) sorted[start[bucket(item)]++] = item;
    items.swap(sorted);
  }
}

}  // namespace

template <Score T>
void require_finite(std::span<const T> scores, std::string_view what) {
  if (scores.empty()) fail("[metrics] ", what, ": expected at least one, found none");
  const auto broken = [](T score) { return !std::isfinite(score); };
  const auto count = std::count_if(scores.begin(), scores.end(), broken);
  if (count == 0) return;
  const auto first = std::find_if(scores.begin(), scores.end(), broken);
  fail("[metrics] ", what, ": expected finite numbers, found ", count, " NaN or infinite of ",
       scores.size(), ", the first (", *first, ") at position ", first - scores.begin(),
       " counted from 0; find out where it comes from, scores are never dropped");
}

template <Score T>
std::vector<ScoreKey<T>> sorted_keys(std::span<const T> scores) {
  std::vector<ScoreKey<T>> keys(scores.size());
  std::transform(scores.begin(), scores.end(), keys.begin(), key_of<T>);
  radix_sort(keys, [](ScoreKey<T> key) { return key; });
  return keys;
}

template <Score T>
std::vector<KeyOfRow<T>> sorted_rows(std::span<const T> scores) {
  std::vector<KeyOfRow<T>> rows(scores.size());
  for (std::size_t r = 0; r < scores.size(); ++r) {
    rows[r] = {key_of(scores[r]), static_cast<std::uint32_t>(r)};
  }
  radix_sort(rows, [](const KeyOfRow<T>& row) { return row.key; });
  return rows;
}

template void require_finite(std::span<const float>, std::string_view);
template void require_finite(std::span<const double>, std::string_view);
template std::vector<std::uint32_t> sorted_keys(std::span<const float>);
template std::vector<std::uint64_t> sorted_keys(std::span<const double>);
template std::vector<KeyOfRow<float>> sorted_rows(std::span<const float>);
template std::vector<KeyOfRow<double>> sorted_rows(std::span<const double>);

}  // namespace nescio::metrics
