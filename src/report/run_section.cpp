#include "base/text.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

constexpr std::size_t shown_of_spec = 160;  // rows may be listed one by one in it

// The data-set spec that a split was extracted from.
Html source_of(const bank::BankViews& bank, const std::string& split) {
  if (!bank.has(split) || !bank.at(split).origin.is_object()) return "";
  const nlohmann::json inputs = bank.at(split).origin.value("inputs", nlohmann::json());
  if (!inputs.is_object()) return "";
  const auto data = inputs.find("data");
  return data != inputs.end() && data->is_string()
             ? code(shorten(data->get<std::string>(), shown_of_spec))
             : Html("imported arrays");
}

Html row_of(const std::string& name, const std::string& role, const std::string& rows,
            const Html& source) {
  return tag("tr", tag("th", {{"scope", "row"}}, name) + tag("td", role) + cell(rows, true) +
                       tag("td", {{"class", "wide"}}, source));
}

Html sets_table(const Findings& findings) {
  const bank::BankViews& bank = findings.bank();
  Html body;
  const std::vector<std::pair<std::string, std::string>> fitted = {
      {findings.roles().train, "train: fitted on"}, {findings.roles().val, "val: fitted on"}};
  for (const auto& [split, role] : fitted) {
    if (split.empty() || !bank.has(split)) continue;
    body += row_of(split, role, thousands(bank.at(split).rows), source_of(bank, split));
  }
  for (const std::string& split : findings.roles().ood_val) {
    if (!bank.has(split)) continue;
    body += row_of(split, "ood_val: to choose on", thousands(bank.at(split).rows),
                   source_of(bank, split));
  }
  for (const evaluation::SetInfo& set : findings.results().sets) {
    const std::string use = set.role == "id" ? ": to be kept" : ": to be caught";
    for (const evaluation::SetInfo& split : findings.splits_of(set)) {
      body +=
          row_of(split.name, split.role + use, thousands(split.rows), source_of(bank, split.name));
    }
  }
  return table("The sets and what each was used for",
               tag("tr", head_cells({{"set"}, {"role"}, {"rows", true}, {"data"}})), body);
}

Html network_words(const Findings& findings) {
  const nlohmann::json model = findings.model();
  Html out;
  const auto network = model.is_object() ? model.find("network") : model.end();
  if (findings.networks() > 1) {
    out += "The scores are the mean of those of " + text(findings.networks()) +
           " networks. Each of them";
  } else if (network != model.end() && network->is_string()) {
    out += Html("The network ") + code(network->get<std::string>());
  } else {
    out += "A network whose name is not known";
  }
  const std::size_t classes = findings.classes();  // 0: scores alone do not say
  out += " was trained to tell the " + (classes > 0 ? text(classes, " ") : std::string()) +
         "classes of the in-distribution (ID) set apart";
  for (const evaluation::ResultRow& row : findings.results().rows) {
    if (row.metric != "id_accuracy") continue;
    out += (findings.networks() > 1 ? "; together they name " : " and names ") +
           per_cent(row.value) + " % of its rows right";
    if (row.bounds) {
      out += " (95 % interval " + per_cent(row.bounds->lower) + "\u2013" +
             per_cent(row.bounds->upper) + ")";
    }
    break;  // the same for every detector
  }
  return out + ". ";
}

/// Of many the names alone until they are asked for: what was run comes first.
Html skipped(const Findings& findings) {
  constexpr std::size_t few = 2;
  Html items, names;
  for (const detectors::Skipped& each : findings.results().skipped) {
    items += tag("li", code(each.detector) + ": " + each.reason);
    names += Html(names.empty() ? " " : ", ") + code(each.detector);
  }
  if (items.empty()) return items;
  const Html reasons = tag("ul", items);
  if (findings.results().skipped.size() <= few) return tag("h3", "Left out") + reasons;
  return tag("h3", "Left out") + tag("details", tag("summary", names) + reasons);
}

}  // namespace

Html run_section(const Findings& findings) {
  const auto count = findings.results().detectors.size();
  const Html words =
      network_words(findings) +
      "Everything else is out-of-distribution (OOD): near sets resemble the ID set, far sets do "
      "not. " +
      text(count, count == 1 ? " detector gives" : " detectors give") +
      " every row a score, higher for more OOD. Rows above a threshold are flagged; a good "
      "detector flags OOD rows and keeps ID rows.";
  return tag("div", {{"class", "beside"}},
             tag("div", tag("p", words) + skipped(findings)) + sets_table(findings));
}

}  // namespace nescio::report
