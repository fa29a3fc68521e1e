// AUROC of the rows of each ID class: which part of the known world looks unknown.
#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "metrics/delong.h"
#include "report/dot_chart.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

constexpr std::size_t shown_at_each_end = 15;

// Share of pairs (row of the class, OOD row) in which the OOD row scores higher, ties one half: the
// AUROC of every class against the same OOD rows, which are sorted once for all of them.
std::map<std::int64_t, double> auroc_by_class(std::span<const double> id,
                                              std::span<const std::int64_t> labels,
                                              std::vector<double> ood) {
  std::ranges::sort(ood);
  std::map<std::int64_t, std::pair<double, double>> sums;  // pairs won, rows
  for (std::size_t r = 0; r < id.size(); ++r) {
    const auto equal = std::equal_range(ood.begin(), ood.end(), id[r]);
    const auto above = static_cast<double>(ood.end() - equal.second);
    const auto tied = static_cast<double>(equal.second - equal.first);
    auto& [won, rows] = sums[labels[r]];
    won += above + tied / 2;
    ++rows;
  }
  std::map<std::int64_t, double> out;
  for (const auto& [label, sum] : sums) {
    out[label] = sum.first / sum.second / static_cast<double>(ood.size());
  }
  return out;
}

struct ClassRow {
  std::int64_t label;
  double best;                            // AUROC of the best detector
  std::vector<double> others;             // of the other charted ones
  std::optional<metrics::Bounds> bounds;  // of the best
};

std::vector<double> of_class(std::span<const double> scores, std::span<const std::int64_t> labels,
                             std::int64_t label) {
  std::vector<double> out;
  for (std::size_t r = 0; r < scores.size(); ++r) {
    if (labels[r] == label) out.push_back(scores[r]);
  }
  return out;
}

// Hardest first; of many classes those at both ends.
std::vector<ClassRow> class_rows(const Findings& findings, std::span<const std::int64_t> labels,
                                 const std::string& role) {
  const auto& charted = findings.charted();
  const std::string id = findings.sets("id").front().name;
  std::vector<ClassRow> rows;
  std::vector<double> id_scores, ood_scores;
  for (std::size_t d = charted.size(); d-- > 0;) {  // the best last: its scores stay
    id_scores = findings.scores(charted[d], id);
    ood_scores = findings.role_scores(charted[d], role);
    const auto areas = auroc_by_class(id_scores, labels, ood_scores);
    if (rows.empty()) {
      for (const auto& [label, area] : areas) rows.push_back({label, 0, {}, std::nullopt});
    }
    for (ClassRow& row : rows) {
      if (d == 0) {
        row.best = areas.at(row.label);
      } else {
        row.others.push_back(areas.at(row.label));
      }
    }
  }
  std::ranges::stable_sort(rows, {}, &ClassRow::best);
  if (rows.size() > 2 * shown_at_each_end) {
    rows.erase(rows.begin() + shown_at_each_end, rows.end() - shown_at_each_end);
  }
  for (ClassRow& row : rows) {
    const auto scores = of_class(id_scores, labels, row.label);
    row.bounds =
        metrics::delong_interval(metrics::rank(std::span<const double>(scores), ood_scores), 0.95);
  }
  return rows;
}

Html chart(const Findings& findings, const std::vector<ClassRow>& rows) {
  const auto in_per_cent = [](const metrics::Bounds& b) {
    return metrics::Bounds{100 * b.lower, 100 * b.upper};
  };
  std::vector<DotRow> out;
  double lowest = 1;
  std::string words = "AUROC of " + findings.charted().front() + " by ID class, in per cent:";
  for (const ClassRow& row : rows) {
    DotRow line{.name = findings.class_name(row.label),
                .value = 100 * row.best,
                .words = per_cent(row.best, 1)};
    lowest = std::min({lowest, row.best, row.bounds ? row.bounds->lower : row.best});
    for (const double other : row.others) {
      lowest = std::min(lowest, other);
      line.others.push_back(100 * other);
    }
    if (row.bounds) line.bounds = in_per_cent(*row.bounds);
    words += " " + line.name + " " + line.words + (out.size() + 1 < rows.size() ? "," : ".");
    out.push_back(std::move(line));
  }
  return dot_chart(out, {std::min(std::floor(lowest * 20) * 5, 95.0), 100}, words);
}

}  // namespace

Html classes_section(const Findings& findings) {
  const std::string id = findings.sets("id").front().name;
  const bank::BankViews& bank = findings.bank();
  if (findings.charted().empty() || !bank.has(id) || !bank.has(id, "labels")) return {};
  const Array labels = bank.at(id).labels();
  if (labels.size() != findings.scores(findings.charted().front(), id).size()) return {};
  const std::string role = findings.ranked_by();
  const auto rows = class_rows(findings, labels.as<std::int64_t>(), role);
  Html words = "AUROC of the ID rows of one class (by their label) against all " + role +
               " rows, hardest class first. The large dot is ";
  words += code(findings.charted().front()) +
           " with its 95 % interval and the number at the right; small dots are the other charted "
           "detectors. The axis does not begin at 0.";
  if (rows.size() == 2 * shown_at_each_end) {
    words += text(" Of all classes the ", shown_at_each_end, " hardest and the ", shown_at_each_end,
                  " easiest are shown.");
  }
  return tag("p", words) + tag("figure", {{"class", "dots"}}, chart(findings, rows));
}

}  // namespace nescio::report
