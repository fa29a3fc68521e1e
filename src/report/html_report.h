// The report for people: one HTML file that needs no network, no script and no other file.
#pragma once

#include <string>

#include "report/results.h"

namespace nescio::report {

/// The whole page. Equal inputs give equal bytes. Pictures are read from the data sets that the
/// bank's manifest names; where they cannot be, the page says so and is complete otherwise.
/// Charts show the best detectors only and say so; the tables have all.
/// Cost: O(rows log rows) for each of the (at most 12) detectors in charts.
std::string html_report(const RunRecord& record, const bank::BankViews& bank,
                        const evaluation::Roles& roles);

}  // namespace nescio::report
