#include "cli/extraction.h"

#include <algorithm>
#include <ostream>
#include <set>

#include "base/numbers.h"
#include "base/spec.h"
#include "detectors/grid.h"
#include "evaluation/ensemble.h"
#include "evaluation/imported.h"
#include "evaluation/sweep.h"

namespace nescio::cli {

ParameterInfo taps_info() {
  return {.name = "taps",
          .doc =
              "places in the network whose pooled values the bank gets too, separated by "
              "commas: layer2 of a ResNet, cls,mean,layer6 of a vision transformer; for "
              "on(layer2)+mahalanobis"};
}

std::vector<std::string> with_taps(std::vector<std::string> probes, const std::string& taps) {
  for (const std::string& tap : split_top_level(taps)) {
    const std::string probe = "tap(at=" + tap + ")";
    if (std::ranges::find(probes, probe) == probes.end()) probes.push_back(probe);
  }
  return probes;
}

void say_what_was_there(const extract::Extracted& done, const bank::FeatureBank& bank,
                        const std::string& split, const Console& console) {
  if (done.was_there()) {
    console.log << "nescio: " << bank.path().string() << " has " << split
                << " from the same inputs already; nothing was done\n";
  } else if (!done.there.empty()) {
    console.log << "nescio: " << bank.path().string() << " has " << join(done.there) << " of "
                << split << " from the same inputs already; the rest was added\n";
  }
  if (done.rows_before > 0) {
    console.log << "nescio: went on after " << done.rows_before
                << " rows of an interrupted extraction\n";
  }
  if (!done.imported.empty()) {
    console.warn(text(split, ": ", join(done.imported),
                      " there were imported since, and stay; extract as= another split for the "
                      "network's"));
  }
  if (!done.gone.empty()) {
    console.warn(text(split, ": ", join(done.gone),
                      " that were there are gone: they were of other pictures, or made with other "
                      "preprocessing or by another version of this program"));
  }
  for (const std::string& notice : done.notices) console.warn(notice);
}

void say_rows(const extract::Extracted& done, const std::string& split, std::ostream& out) {
  out << split << ": " << done.rows << " rows, ";
  if (done.feature_width > 0) {
    out << "logits [" << done.classes << "], features [" << done.feature_width
        << "], labels, index";
    for (const std::string& name : done.probes) out << ", " << name;
  } else {
    out << join(done.arrays);
  }
  if (done.accuracy) out << ", accuracy " << short_number(*done.accuracy);
  out << '\n';
}

std::vector<std::string> needed_probes(const std::string& detectors, bool sweep,
                                       std::string_view fitted_on) {
  std::vector<detectors::Grid> grids;
  for (const std::string& spec : sweep ? split_top_level(detectors) : expand_list(detectors)) {
    if (spec == "all" || evaluation::imported_name(spec) || evaluation::is_ensemble(spec)) continue;
    grids.push_back(sweep ? detectors::grid_of(spec) : detectors::without_choice(spec));
  }
  std::set<std::string> probes;
  for (const std::string& spec : evaluation::specs_of(grids)) {
    const detectors::Chain chain(spec);
    if (!fitted_on.empty() && !chain.fits_on(fitted_on)) continue;
    for (const std::string& array : chain.needs().arrays) probes.insert(array);
  }
  return {probes.begin(), probes.end()};
}

}  // namespace nescio::cli
