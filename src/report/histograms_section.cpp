// How scores are distributed: a panel per detector, ID against near and far.
#include "base/text.h"
#include "report/density_chart.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

Html panel(const Findings& findings, const std::string& detector) {
  const evaluation::SetInfo id = findings.sets("id").front();
  std::vector<Distribution> parts = {{"id", "id", findings.scores(detector, id.name)}};
  for (const std::string& role : findings.ood_roles()) {
    parts.push_back({role, role, findings.role_scores(detector, role)});
  }
  const double threshold = threshold_keeping_95(parts[0].values);
  const std::string words = "Score distributions of " + detector +
                            ". The threshold that keeps 95 % of " + id.name + " is " +
                            short_number(threshold) + ".";
  const DensityChart chart =
      density_chart(std::move(parts), words,
                    DensityMark{threshold, "95 % of id kept \u2190", "\u2192 5 % flagged"});
  Html caption = code(detector);
  if (chart.outside > 0) {
    caption += tag("small", per_cent(chart.outside, 1) + " % of the rows lie outside the axis");
  }
  return tag("figure", tag("figcaption", caption) + chart.chart);
}

}  // namespace

Html histograms_section(const Findings& findings) {
  Html panels;
  for (const std::string& detector : findings.charted()) panels += panel(findings, detector);
  if (panels.empty()) return {};
  const Html words =
      "Shares of rows by score: the further apart id and OOD lie, the better. Every curve has the "
      "same area whatever its number of rows; near and far are all sets of the role together. "
      "The vertical line is the threshold that keeps 95 % of the id rows; what lies right of it "
      "is flagged. Shown: " +
      charted_words(findings) + ".";
  return tag("p", words) + tag("div", {{"class", "panels"}}, panels);
}

}  // namespace nescio::report
