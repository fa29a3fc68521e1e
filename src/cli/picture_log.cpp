#include "cli/picture_log.h"

#include <ostream>

#include "base/text.h"

namespace nescio::cli {

void warn_of_pictures(const image::Dataset& dataset, const Console& console) {
  for (const std::string& notice : dataset.notices()) console.warn(notice);
  const auto skipped = dataset.skipped();
  if (skipped.empty()) return;
  console.warn(text("left out ", skipped.size(), " broken of ", dataset.size() + skipped.size(),
                    " pictures:"));
  for (const std::string& picture : skipped) console.log << "  " << picture << '\n';
}

}  // namespace nescio::cli
