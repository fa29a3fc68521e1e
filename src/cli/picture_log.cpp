#include "cli/picture_log.h"

#include <ostream>

namespace nescio {

void log_pictures(const Dataset& dataset, std::ostream& log) {
  const auto skipped = dataset.skipped();
  if (!skipped.empty()) {
    log << "nescio: left out " << skipped.size() << " broken of " << dataset.size() + skipped.size()
        << " pictures:\n";
  }
  for (const std::string& picture : skipped) log << "  " << picture << '\n';
  for (const std::string& remark : dataset.remarks()) log << "nescio: " << remark << '\n';
}

}  // namespace nescio
