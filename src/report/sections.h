// The sections of the report, one file each: what stands under the heading, or nothing where there
// is nothing to say.
#pragma once

#include <string>

#include "report/findings.h"
#include "report/html.h"

namespace nescio::report {

/// What was run: the network, the sets and their roles, what was left out.
Html run_section(const Findings& findings);
/// Near and far at a glance, every set with its intervals, what the numbers mean.
Html tables_section(const Findings& findings);
/// AUROC of every detector on every set, as a coloured table.
Html heat_map_section(const Findings& findings);
/// Which detectors lead, what they cost, how steady they are over the sets, which say the same.
Html choice_section(const Findings& findings);
/// What a threshold that keeps 95 % of the validation rows keeps and catches of every set.
Html thresholds_section(const Findings& findings);
/// How the scores of ID, near and far rows are distributed, a panel per detector.
Html histograms_section(const Findings& findings);
/// ROC curves, a panel per OOD set.
Html roc_section(const Findings& findings);
/// Confidence, linearity, plane and distributions of mixtures with outliers, where measured.
Html mixing_section(const Findings& findings);
/// AUROC of the rows of each ID class.
Html classes_section(const Findings& findings);
/// The most confident mistakes and typical catches of the best detector as pictures, read from the data sets that the bank's
/// manifest names; where they cannot be, it says so.
Html pictures_section(const Findings& findings);
/// What a sweep tried and chose on validation rows.
Html sweep_section(const Findings& findings);
/// Formula and paper of every detector that was run.
Html detectors_section(const Findings& findings);
/// Command, settings, versions and hashes.
Html settings_section(const Findings& findings);

/// A detector's spec as code.
Html code(const std::string& spec);
/// "the best 12 of 40 detectors by mean near AUROC", or "all 9 detectors, the best by ... first".
std::string charted_words(const Findings& findings);

}  // namespace nescio::report
