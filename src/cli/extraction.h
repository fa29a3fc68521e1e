// What the verb `extract` and the extraction within other verbs have in common.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "cli/verb.h"
#include "extract/extract.h"

namespace nescio::cli {

/// The option taps= of verbs that extract: places in the network, separated by commas.
ParameterInfo taps_info();
/// `probes` and a probe for each of these taps.
std::vector<std::string> with_taps(std::vector<std::string> probes, const std::string& taps);

/// What of the split was there, or begun, before, what became of it, and what else the user should
/// know.
void say_what_was_there(const extract::Extracted& done, const bank::FeatureBank& bank,
                        const std::string& split, const Console& console);

/// "cifar10/test: 10000 rows, logits [10], features [64], labels, index, accuracy 0.9173"
void say_rows(const extract::Extracted& done, const std::string& split, std::ostream& out);

/// Specs of the probes that detectors need, given as a list of specs, in a sweep in all their settings. `all` takes what there is, because
/// a probe makes an extraction several times as long. With a role: of those that are fitted on it, for rows that
/// nothing else is done with.
std::vector<std::string> needed_probes(const std::string& detectors, bool sweep = false,
                                       std::string_view fitted_on = "");

}  // namespace nescio::cli
