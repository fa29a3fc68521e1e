// What the verb `extract` and the extraction within other verbs have in common.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "cli/network_part.h"
#include "extract/extract.h"

namespace nescio::cli {

/// The options `batch` and `probes`, as extract() takes them.
extract::ExtractOptions extract_options(const ExtractionSettings& settings,
                                        const Progress& progress);

/// What of the split was there, or begun, before, and what became of it.
void say_what_was_there(const extract::Extracted& done, const bank::FeatureBank& bank,
                        const std::string& split, const Console& console);

/// "cifar10/test: 10000 rows, logits [10], features [64], labels, index, accuracy 0.9173"
void say_rows(const extract::Extracted& done, const std::string& split, std::ostream& out);

}  // namespace nescio::cli
