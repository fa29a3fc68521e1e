// AUROC of the rows of each ID class: which part of the known world looks unknown.
#include <algorithm>
#include <map>
#include <span>

#include "metrics/delong.h"
#include "report/sections.h"
#include "report/svg.h"

namespace nescio {
namespace {

constexpr double width = 440, row_height = 21, right = 52, top = 16;
constexpr double letter_width = 8.4;  // of a bold name, generously
constexpr std::size_t longest_name = 18;
constexpr std::size_t shown_at_each_end = 15;

// Share of pairs (row of the class, OOD row) in which the OOD row scores higher, ties one half: the
// AUROC of every class against the same OOD rows, which are sorted once for all of them.
std::map<std::int64_t, double> auroc_by_class(std::span<const double> id,
                                              std::span<const std::int64_t> labels,
                                              std::vector<double> ood) {
  std::ranges::sort(ood);
  std::map<std::int64_t, std::pair<double, double>> sums;  // pairs won, rows
  for (std::size_t r = 0; r < id.size(); ++r) {
    const auto equal = std::ranges::equal_range(ood, id[r]);
    const auto above = static_cast<double>(ood.end() - equal.end());
    const auto tied = static_cast<double>(equal.size());
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
  double best;                   // AUROC of the best detector
  std::vector<double> others;    // of the other charted ones
  std::optional<Bounds> bounds;  // of the best
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
    row.bounds = delong_interval(rank(std::span<const double>(scores), ood_scores), 0.95);
  }
  return rows;
}

Html chart(const Findings& findings, const std::vector<ClassRow>& rows) {
  double lowest = 1;
  std::size_t letters = 4;
  for (const ClassRow& row : rows) {
    letters = std::max(letters, shorten(findings.class_name(row.label), longest_name).size());
    lowest = std::min({lowest, row.best, row.bounds ? row.bounds->lower : row.best});
    for (const double other : row.others) lowest = std::min(lowest, other);
  }
  const double left = 16 + letter_width * static_cast<double>(letters);
  const double height = top + row_height * static_cast<double>(rows.size()) + 44;
  const Scale x{std::min(std::floor(lowest * 20) * 5, 95.0), 100, left, width - right};
  const double base = height - 40;
  Html out;
  for (const double tick : ticks(x.from, x.to, 6)) {
    out += line({x(tick), top - 6}, {x(tick), base}, "grid");
  }
  out += axis(x, base, 6);
  std::string words = "AUROC of " + findings.charted().front() + " by ID class, in per cent:";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double y = top + row_height * (static_cast<double>(r) + 0.5);
    const std::string name = findings.class_name(rows[r].label);
    out += label({left - 10, y + 4}, shorten(name, longest_name), "name", "end");
    for (const double other : rows[r].others) out += dot({x(100 * other), y}, 2.5, "other");
    if (rows[r].bounds) {
      out +=
          line({x(100 * rows[r].bounds->lower), y}, {x(100 * rows[r].bounds->upper), y}, "whisker");
    }
    out += dot({x(100 * rows[r].best), y}, 4.5, "first");
    out += label({width - right + 12, y + 4}, per_cent(rows[r].best, 1), "name first");
    words += " " + name + " " + per_cent(rows[r].best, 1) + (r + 1 < rows.size() ? "," : ".");
  }
  return drawing(width, height, words, out);
}

}  // namespace

Html classes_section(const Findings& findings) {
  const std::string id = findings.sets("id").front().name;
  const FeatureBank& bank = findings.bank();
  if (findings.charted().empty() || !bank.has(id) || !bank.has(id, "labels")) return {};
  const Array labels = bank.array(id, "labels");
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

}  // namespace nescio
