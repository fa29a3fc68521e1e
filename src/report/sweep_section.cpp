// What was chosen on validation rows, and among which settings.
#include "report/sections.h"

namespace nescio::report {
namespace {

Html whole_grid(const evaluation::SweptDetector& swept) {
  Html body;
  for (const evaluation::TriedSetting& setting : swept.tried) {
    const bool chosen = setting.detector == swept.chosen;
    const Html spec = code(setting.detector);
    body += tag("tr", tag("th", {{"scope", "row"}}, chosen ? tag("strong", spec) : spec) +
                          cell(per_cent(setting.auroc), true) + cell(chosen ? "chosen" : ""));
  }
  for (const detectors::Skipped& setting : swept.left_out) {
    body += tag("tr", tag("th", {{"scope", "row"}}, code(setting.detector)) + cell("", true) +
                          cell("left out: " + setting.reason));
  }
  return tag("details",
             tag("summary", code(swept.asked)) +
                 table({}, tag("tr", head_cells({{"setting"}, {"AUROC, %", true}, {""}})), body));
}

}  // namespace

Html sweep_section(const Findings& findings) {
  const evaluation::Sweep& sweep = findings.results().sweep;
  if (sweep.detectors.empty()) return {};
  Html out =
      tag("p", choice_rule(sweep) + " None of these rows is measured in the other sections.") +
      to_html(choices_table(sweep), "AUROC in per cent; below, the settings of each.");
  for (const evaluation::SweptDetector& swept : sweep.detectors) out += whole_grid(swept);
  return out;
}

}  // namespace nescio::report
