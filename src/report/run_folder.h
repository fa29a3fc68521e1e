// Results of an evaluation as files:
//
//   RUN/results.csv    detector,set,role,metric,value,lower,upper: a line per number, all digits
//   RUN/results.json   the same with what every metric means, settings, versions, hashes, command
//   RUN/results.md     tables in per cent
//   RUN/mixing.json    what the network makes of mixtures, where that was measured
//   RUN/report.html    the report for people: tables, charts, pictures in one file
//   RUN/command.txt    the command line
//   RUN/scores/        the scores, where they are to be kept
#pragma once

#include <filesystem>

#include "report/results.h"

namespace nescio::report {

/// Writes the files into the folder, each all or nothing, and lists them in results.json. What an
/// earlier run there wrote and this one does not is removed, so that the folder holds one run. The
/// bank is the one that was evaluated.
void write_results(const RunRecord& record, const bank::BankViews& bank,
                   const evaluation::Roles& roles, const std::filesystem::path& folder);

}  // namespace nescio::report
