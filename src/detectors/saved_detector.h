// A fitted detector on disk.
//
//   DETECTOR/detector.json          spec, shapes, format and program version, origin, hashes
//   DETECTOR/learned.safetensors    learned arrays by stage, the head where it is needed,
//                                   self-test rows and the scores that they had when it was saved
//   DETECTOR/calibration.safetensors  thresholds, where it was calibrated (saved_calibration.h)
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "detectors/fitting.h"
#include "io/safetensors.h"

namespace nescio::detectors {

/// Error unless the folder may become a saved detector: it is not there, empty, or one already, with
/// nothing else in it.
void check_detector_folder(const std::filesystem::path& folder);
/// Writes the folder, replacing an older one only when complete. `rows` of the arrays
/// that the chain needs (at most 16 are kept; features may stand for logits) are scored and stored.
void save_detector(const FittedDetector& detector, const Batch& rows,
                   const std::filesystem::path& folder);
/// How learned arrays are held: as the mapped file, which processes share and which must not be written into, or in
/// memory of their own.
enum class Held { mapped, copied };

/// Reads it and replays the self-test rows; Error if a file is missing or damaged, the format is
/// newer, or a score differs by more than 1e-4 of the stored range. The executor computes these.
FittedDetector load_detector(const std::filesystem::path& folder,
                             const Executor& executor = Executor::cpu, Held held = Held::mapped);
/// The same from what the two files hold, whatever their hash. `folder` begins the messages.
FittedDetector parse_detector(const nlohmann::json& manifest, const io::Safetensors& arrays,
                              const std::filesystem::path& folder,
                              const Executor& executor = Executor::cpu);

/// SHA-256 of the learned arrays, as the folder states it: which detector it is. Error as load_detector().
std::string learned_sha256(const std::filesystem::path& folder);

/// Rows that load_detector() scores to see whether it is what was saved, and the scores that they had.
struct SelfTest {
  std::map<std::string, Array>
      arrays;  // "logits", "features" and others, as far as the chain reads them
  std::vector<double> scores;
};
/// Those in the folder of this detector. Error if its file is missing or damaged.
SelfTest read_self_test(const std::filesystem::path& folder, const FittedDetector& detector);

}  // namespace nescio::detectors
