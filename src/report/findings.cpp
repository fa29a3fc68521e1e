#include "report/findings.h"

#include <algorithm>
#include <limits>

namespace nescio::report {

Findings::Findings(const RunRecord& record, const bank::BankViews& bank,
                   const evaluation::Roles& roles)
    : record_(record), bank_(bank), roles_(roles) {
  for (const evaluation::ResultRow& row : results().rows) {
    rows_.emplace(std::tuple(row.detector, row.set, row.role, row.metric), &row);
  }
  ranked_by_ = sets("near").empty() ? "far" : "near";
  best_first_ = results().detectors;
  const auto auroc = [&](const std::string& detector) {
    const evaluation::ResultRow* row = of_role(detector, ranked_by_, "auroc");
    return row ? row->value : -std::numeric_limits<double>::infinity();
  };
  std::ranges::stable_sort(best_first_, std::ranges::greater(), auroc);
  for (const std::string& detector : best_first_) {
    if (kept(detector) && charted_.size() < charted_detectors) charted_.push_back(detector);
  }
  if (bank.has(roles.id)) class_names_ = bank.at(roles.id).class_names;
}

bool Findings::kept(const std::string& detector) const {
  return std::ranges::all_of(results().sets, [&](const evaluation::SetInfo& set) {
    return record_.scores.contains({detector, set.name});
  });
}

std::size_t Findings::classes() const {
  const auto networks = bank_.members();
  return networks.empty() ? 0 : bank_.classes(networks.front());
}

nlohmann::json Findings::model() const {
  const nlohmann::json origin = bank_.origin();
  return origin.is_object() ? origin.at("model") : nlohmann::json();
}

std::vector<evaluation::SetInfo> Findings::sets(const std::string& role) const {
  std::vector<evaluation::SetInfo> out;
  for (const evaluation::SetInfo& set : results().sets) {
    if (set.role == role) out.push_back(set);
  }
  return out;
}

std::vector<std::string> Findings::ood_roles() const {
  std::vector<std::string> out;
  for (const std::string role : {"near", "far"}) {
    if (!sets(role).empty()) out.push_back(role);
  }
  return out;
}

const evaluation::ResultRow* Findings::find(const std::string& detector, const std::string& set,
                                            const std::string& role,
                                            const std::string& metric) const {
  const auto row = rows_.find({detector, set, role, metric});
  return row == rows_.end() ? nullptr : row->second;
}

const evaluation::ResultRow* Findings::of_role(const std::string& detector, const std::string& role,
                                               const std::string& metric) const {
  const auto of_this = sets(role);
  return find(detector, of_this.size() == 1 ? of_this[0].name : evaluation::mean_of_sets, role,
              metric);
}

std::vector<evaluation::SetInfo> Findings::splits_of(const evaluation::SetInfo& set) const {
  if (!bank_.has(set.name) || bank_.at(set.name).parts.empty()) return {set};
  std::vector<evaluation::SetInfo> out;
  for (const std::string& part : bank_.at(set.name).parts) {
    out.push_back({part, out.empty() ? set.role : "shifted", bank_.at(part).rows});
  }
  return out;
}

std::vector<double> Findings::scores(const std::string& detector, const std::string& set) const {
  const auto kept = record_.scores.find({detector, set});
  if (kept == record_.scores.end()) return {};
  const Array values = kept->second.to_float64();
  const auto span = values.as<double>();
  return {span.begin(), span.end()};
}

std::vector<double> Findings::role_scores(const std::string& detector,
                                          const std::string& role) const {
  std::vector<double> out;
  for (const evaluation::SetInfo& set : sets(role)) {
    const auto more = scores(detector, set.name);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

std::string Findings::class_name(std::int64_t label) const {
  const auto known = static_cast<std::int64_t>(class_names_.size());
  return 0 <= label && label < known ? class_names_[static_cast<std::size_t>(label)]
                                     : text("class ", label);
}

double threshold_keeping_95(std::vector<double> id) {
  // The metric asks for kept / N >= 0.95 in double; so do we, to agree at every N.
  const auto n = static_cast<double>(id.size());
  auto kept = static_cast<std::size_t>(0.95 * n);
  while (static_cast<double>(kept) / n < 0.95) ++kept;
  const auto last = id.begin() + static_cast<std::ptrdiff_t>(kept) - 1;
  std::ranges::nth_element(id, last);
  return *last;
}

}  // namespace nescio::report
