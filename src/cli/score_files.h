// Files of scores by role, and what their sets are called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "evaluation/roles.h"

namespace nescio::cli {

/// As they stand on the command line, "FILE" or "SET=FILE": the ID one, which may be a pickle of OpenOOD
/// with all sets, and one for each OOD set.
struct ScoreFiles {
  std::string id;
  std::vector<std::string> near, far;
};

/// A file of scores and the name of its set.
struct ScoreFile {
  std::string set;
  std::string source;  // as read_scores() takes it
};

/// What each set is called: as said by "SET=FILE", otherwise as its file without folder and ending; where
/// that is the same for several, as the member (all.npz#svhn) or the folder (svhn/energy.npy), whichever
/// tells them apart. Error if nothing does. A file whose own name holds "=" is taken for one.
std::vector<ScoreFile> name_sets(const std::vector<std::string>& files);

/// Adds all of them to the bank as SET/test, the ID set of a pickle as id/test. Returns who plays
/// which role.
evaluation::Roles add_score_files(bank::FeatureBank& bank, const ScoreFiles& files,
                                  const std::string& name, const std::string& higher);

/// An empty bank in the folder. A bank of score files that an earlier run left there is removed; Error
/// if anything else is in it: it is somebody's.
bank::FeatureBank bank_of_score_files(const std::filesystem::path& folder);

/// "tiny imagenet" -> "tiny_imagenet/test": what the bank calls a set of a file.
std::string split_of_set(const std::string& set);

/// "scores/my msp.pkl" -> "my_msp", for files whose scores are given no name.
std::string name_of_file(const std::string& source);

}  // namespace nescio::cli
