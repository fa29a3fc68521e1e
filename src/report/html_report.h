// The report for people: one HTML file that needs no network, no script and no other file.
#pragma once

#include <string>

#include "report/findings.h"
#include "report/html.h"

namespace nescio::report {

/// The whole page. Equal inputs give equal bytes. `pictures` is pictures_section, or null where pictures cannot
/// be read: the page goes without that section. Charts show the best detectors only and say so; the tables have all.
/// Cost: O(rows log rows) for each of the (at most 12) detectors in charts.
std::string html_report(const RunRecord& record, const bank::BankViews& bank,
                        const evaluation::Roles& roles, Html (*pictures)(const Findings&));

}  // namespace nescio::report
