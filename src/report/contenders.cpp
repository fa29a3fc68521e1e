#include "report/contenders.h"

#include <algorithm>

#include "metrics/delong.h"

namespace nescio::report {
namespace {

using Rankings = std::vector<metrics::RowRanking>;  // of each set of a role

Rankings rankings_of(const Findings& findings, const std::string& role,
                     const std::string& detector) {
  const auto& scores = findings.record().scores;
  const metrics::SortedRows id =
      metrics::sort_rows(scores.at({detector, findings.sets("id").front().name}), "ID scores");
  Rankings out;
  for (const evaluation::SetInfo& set : findings.sets(role)) {
    out.push_back(
        metrics::rank_rows(id, metrics::sort_rows(scores.at({detector, set.name}), "OOD scores")));
  }
  return out;
}

bool may_be_equal(const Rankings& best, const Rankings& other) {
  std::vector<metrics::RankingTerm> terms;
  const double weight = 1 / static_cast<double>(best.size());
  for (std::size_t s = 0; s < best.size(); ++s) {
    terms.push_back({&best[s], {.id = 0, .ood = s}, weight});
    terms.push_back({&other[s], {.id = 0, .ood = s}, -weight});
  }
  const auto bounds = metrics::delong_interval(terms, 0.95);
  return !bounds || bounds->lower <= 0;
}

}  // namespace

std::vector<std::string> contenders(const Findings& findings, const std::string& role) {
  std::vector<std::pair<double, std::string>> scored;
  for (const std::string& detector : findings.best_first()) {
    const evaluation::ResultRow* row = findings.of_role(detector, role, "auroc");
    if (row && findings.kept(detector)) scored.emplace_back(row->value, detector);
  }
  if (scored.empty()) return {};
  std::ranges::stable_sort(scored, std::ranges::greater(), &std::pair<double, std::string>::first);
  std::vector<std::string> out = {scored.front().second};
  const Rankings best = rankings_of(findings, role, out.front());
  for (std::size_t d = 1; d < scored.size(); ++d) {
    if (may_be_equal(best, rankings_of(findings, role, scored[d].second)))
      out.push_back(scored[d].second);
  }
  return out;
}

}  // namespace nescio::report
