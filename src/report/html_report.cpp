#include "report/html_report.h"

#include "base/text.h"
#include "base/version.h"
#include "report/report_css.h"
#include "report/sections.h"

namespace nescio {
namespace {

struct Section {
  const char* id;
  const char* name;  // in the list of sections
  const char* heading;
  Html (*content)(const Findings&);
};

constexpr Section sections[] = {
    {"run", "Run", "What was run", run_section},
    {"results", "Results", "Results", tables_section},
    {"heat-map", "Heat map", "Which detector finds which set", heat_map_section},
    {"histograms", "Distributions", "How the scores are distributed", histograms_section},
    {"roc", "ROC", "ROC curves", roc_section},
    {"classes", "Classes", "Which classes look unknown", classes_section},
    {"pictures", "Pictures", "Mistakes and catches", pictures_section},
    {"detectors", "Detectors", "How each score is made", detectors_section},
    {"settings", "Settings", "Settings and hashes", settings_section}};

Html headline(const std::string& number, const Html& words) {
  return tag("div", tag("strong", number) + tag("span", words));
}

// Three numbers to take away: accuracy, the best detector for near and for far.
Html headlines(const Findings& findings) {
  Html out;
  for (const ResultRow& row : findings.results().rows) {
    if (row.metric != "id_accuracy") continue;
    out += headline(per_cent(row.value, 1) + " %", "accuracy on " + row.set);
    break;
  }
  for (const std::string& role : findings.ood_roles()) {
    const ResultRow* best = nullptr;
    for (const std::string& detector : findings.best_first()) {
      const ResultRow* row = findings.of_role(detector, role, "auroc");
      if (row && (!best || row->value > best->value)) best = row;
    }
    if (!best) continue;
    out += headline(per_cent(best->value, 1) + " %",
                    "best AUROC on " + role + " OOD: " + code(best->detector));
  }
  return tag("div", {{"class", "headlines"}}, out);
}

std::string title_of(const Findings& findings) {
  const nlohmann::json& model = findings.bank().model();
  const bool named =
      model.is_object() && model.contains("network") && model.at("network").is_string();
  return (named ? model.at("network").get<std::string>() + " on "
                : std::string("OOD detection on ")) +
         findings.roles().id;
}

}  // namespace

std::string html_report(const RunRecord& record, const FeatureBank& bank, const Roles& roles) {
  const Findings findings(record, bank, roles);
  Html body, links;
  for (const Section& section : sections) {
    const Html content = section.content(findings);
    if (content.empty()) continue;
    const std::string heading = section.id + std::string("-heading");
    body += tag("section", {{"id", section.id}, {"aria-labelledby", heading}},
                tag("h2", {{"id", heading}}, section.heading) + content);
    links += tag("a", {{"href", std::string("#") + section.id}}, section.name);
  }
  const std::string title = title_of(findings);
  const Html head = empty_tag("meta", {{"charset", "utf-8"}}) +
                    empty_tag("meta", {{"name", "viewport"},
                                       {"content", "width=device-width, initial-scale=1"}}) +
                    empty_tag("meta", {{"name", "color-scheme"}, {"content", "light dark"}}) +
                    tag("title", title + " \u00b7 Nescio") + tag("style", Html::raw(report_css));
  const Html page =
      tag("header", tag("p", {{"class", "brand"}}, "Nescio: what the network does not know") +
                        tag("h1", title) + headlines(findings)) +
      tag("nav", {{"aria-label", "Sections"}}, links) + tag("main", body) +
      tag("footer", tag("p", text("Written by Nescio ", version(), ".")));
  return "<!doctype html>\n" +
         tag("html", {{"lang", "en"}}, tag("head", head) + tag("body", page)).code() + "\n";
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

}  // namespace nescio
