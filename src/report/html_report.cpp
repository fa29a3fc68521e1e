#include "report/html_report.h"

#include "base/text.h"
#include "report/html_page.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

struct Section {
  const char *id, *name, *heading;
  Html (*content)(const Findings&);
};

constexpr Section sections[] = {
    {"run", "Run", "What was run", run_section},
    {"heat-map", "Heat map", "Which detector finds which set", heat_map_section},
    {"results", "Results", "Results", tables_section},
    {"choice", "Choice", "Which detector to choose", choice_section},
    {"thresholds", "Thresholds", "What a threshold keeps and catches", thresholds_section},
    {"histograms", "Distributions", "How the scores are distributed", histograms_section},
    {"roc", "ROC", "ROC curves", roc_section},
    {"classes", "Classes", "Which classes look unknown", classes_section},
    {"mixing", "Mixing", "Between known and unknown", mixing_section},
    {"pictures", "Pictures", "Mistakes and catches", nullptr},  // as html_report() is told
    {"sweep", "Sweep", "Which settings were chosen", sweep_section},
    {"detectors", "Detectors", "How each score is made", detectors_section},
    {"settings", "Settings", "Settings and hashes", settings_section}};

// Three numbers to take away: accuracy, the best detector for near and for far.
Html headlines(const Findings& findings) {
  Html out;
  for (const evaluation::ResultRow& row : findings.results().rows) {
    if (row.metric != "id_accuracy") continue;
    out += headline(per_cent(row.value, 1) + " %", "accuracy on " + row.set);
    break;
  }
  for (const std::string& role : findings.ood_roles()) {
    const evaluation::ResultRow* best = nullptr;
    for (const std::string& detector : findings.best_first()) {
      const evaluation::ResultRow* row = findings.of_role(detector, role, "auroc");
      if (row && (!best || row->value > best->value)) best = row;
    }
    if (!best) continue;
    out += headline(per_cent(best->value, 1) + " %",
                    "best AUROC on " + role + " OOD: " + code(best->detector));
  }
  return out;
}

std::string title_of(const Findings& findings) {
  const std::string& id = findings.roles().id;
  if (findings.networks() > 1) return text(findings.networks(), " networks on ", id);
  const nlohmann::json model = findings.model();
  const bool named =
      model.is_object() && model.contains("network") && model.at("network").is_string();
  return (named ? model.at("network").get<std::string>() + " on " : "OOD detection on ") + id;
}

}  // namespace

std::string html_report(const RunRecord& record, const bank::BankViews& bank,
                        const evaluation::Roles& roles, Html (*pictures)(const Findings&)) {
  const Findings findings(record, bank, roles);
  std::vector<PageSection> out;
  for (const Section& section : sections) {
    const auto content = section.content ? section.content : pictures;
    if (content) out.push_back({section.id, section.name, section.heading, content(findings)});
  }
  return html_page(title_of(findings), headlines(findings), out);
}

Html code(const std::string& spec) { return tag("code", spec); }

std::string charted_words(const Findings& findings) {
  const std::size_t shown = findings.charted().size(), all = findings.best_first().size();
  const std::string by = " by mean " + findings.ranked_by() + " AUROC";
  if (shown == all) {
    return all == 1 ? "the only detector" : text("all ", all, " detectors, the best", by, " first");
  }
  return text("the best ", shown, " of ", all, " detectors", by);
}

}  // namespace nescio::report
