#include "bank/row_ranges.h"

#include <algorithm>

#include "base/error.h"

namespace nescio::bank {
namespace {

std::size_t end_of(const Share& range) { return range.first + range.count; }

}  // namespace

void RowRanges::add(Share rows) {
  if (rows.count == 0) return;
  // Those that it touches become one with it.
  const auto from =
      std::ranges::find_if(ranges_, [&](const Share& r) { return end_of(r) >= rows.first; });
  const auto to =
      std::find_if(from, ranges_.end(), [&](const Share& r) { return r.first > end_of(rows); });
  for (auto range = from; range != to; ++range) {
    const std::size_t end = std::max(end_of(rows), end_of(*range));
    rows.first = std::min(rows.first, range->first);
    rows.count = end - rows.first;
  }
  ranges_.insert(ranges_.erase(from, to), rows);
}

std::size_t RowRanges::count() const {
  std::size_t all = 0;
  for (const Share& range : ranges_) all += range.count;
  return all;
}

std::vector<Share> RowRanges::gaps(std::size_t rows) const {
  std::vector<Share> gaps;
  std::size_t next = 0;
  for (const Share& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - next});
    next = end_of(range);
  }
  if (next < rows) gaps.push_back({next, rows - next});
  return gaps;
}

std::vector<Share> RowRanges::share_of_gaps(const Communicator& processes, std::size_t rows,
                                            std::size_t unit) const {
  const std::vector<Share> all = gaps(rows);
  const auto first_unit = [&](const Share& gap) { return gap.first / unit; };
  const auto units = [&](const Share& gap) {
    return (end_of(gap) + unit - 1) / unit - first_unit(gap);
  };
  std::size_t total = 0;
  for (const Share& gap : all) total += units(gap);
  const Share own = share_of(processes, total);
  std::vector<Share> found;
  std::size_t before = 0;  // units of the gaps before this one
  for (const Share& gap : all) {
    const std::size_t from = std::clamp(own.first, before, before + units(gap)) - before;
    const std::size_t to = std::clamp(end_of(own), before, before + units(gap)) - before;
    before += units(gap);
    if (from == to) continue;
    const std::size_t first = std::max(gap.first, (first_unit(gap) + from) * unit);
    const std::size_t end = std::min(end_of(gap), (first_unit(gap) + to) * unit);
    found.push_back({first, end - first});
  }
  return found;
}

nlohmann::json RowRanges::to_json() const {
  nlohmann::json json = nlohmann::json::array();
  for (const Share& range : ranges_) json.push_back({range.first, range.count});
  return json;
}

RowRanges RowRanges::from_json(const nlohmann::json& json, std::size_t rows) {
  RowRanges all;
  if (!json.is_array()) fail("expected a list of rows, found ", json.dump());
  for (const nlohmann::json& range : json) {
    const auto first = range.at(0).get<std::size_t>(), count = range.at(1).get<std::size_t>();
    if (first > rows || count > rows - first) fail("expected rows below ", rows);
    all.add({first, count});
  }
  return all;
}

}  // namespace nescio::bank
