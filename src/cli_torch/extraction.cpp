#include "cli_torch/extraction.h"

#include <ostream>

#include "base/numbers.h"

namespace nescio {

ExtractOptions extract_options(const ExtractionSettings& settings, const Progress& progress) {
  ExtractOptions options{.probes = settings.probes, .progress = progress};
  if (settings.batch) options.batch = static_cast<std::size_t>(*settings.batch);
  return options;
}

void say_what_was_there(const Extracted& done, const FeatureBank& bank, const std::string& split,
                        std::ostream& log) {
  if (done.was_there) {
    log << "nescio: " << bank.path().string() << " has " << split
        << " from the same inputs already; nothing was done\n";
    if (!done.imported.empty()) {
      log << "nescio: warning: " << split << ": " << join(done.imported)
          << " there were imported since, and stay; extract as= another split for the network's\n";
    }
  } else if (done.rows_before > 0) {
    log << "nescio: went on after " << done.rows_before << " rows of an interrupted extraction\n";
  }
}

void say_rows(const Extracted& done, const std::string& split, std::ostream& out) {
  out << split << ": " << done.rows << " rows, logits [" << done.classes << "], features ["
      << done.feature_width << "], labels, index";
  for (const std::string& name : done.probes) out << ", " << name;
  if (done.accuracy) out << ", accuracy " << short_number(*done.accuracy);
  out << '\n';
}

}  // namespace nescio
