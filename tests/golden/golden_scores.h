// The golden bank and the scores that toolkits gave its rows. NESCIO_GOLDEN names the folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "expr/program.h"
#include "statistics/statistics.h"

namespace nescio {

/// A line of golden/names.tsv.
struct Reference {
  std::string id, spec, match;

  /// Whose order alone must be the same: of "rank" the scores in exact/, or a file of others.
  std::string ranked_like() const {
    if (match.ends_with(".npy")) return match;
    return match == "rank" ? "exact/" + id + ".npy" : "";
  }
};

/// Empty where the variable is not set.
std::filesystem::path golden();
statistics::Split golden_split(const std::string& name);
/// The entries whose detectors are in the catalogue.
std::vector<Reference> references();
std::vector<double> read_scores(const std::filesystem::path& path);

/// The largest difference as a share of the reference's range, with the better of the two signs.
double error_of_range(const std::vector<double>& found, const std::vector<double>& reference);
double spearman(const std::vector<double>& a, const std::vector<double>& b);

/// The scores of all specs in one program, over all scored splits one after the other.
std::map<std::string, std::vector<double>> score_all(const std::vector<Reference>& references,
                                                     const expr::Executor& executor);

}  // namespace nescio
