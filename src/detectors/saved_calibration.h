// The calibrations of a saved detector, each under a name.
//
//   DETECTOR/calibration.safetensors    NAME.id, NAME.ood: scores [N] float32; NAME.id.class: predicted classes [N] int64,
//                                       where known; in its metadata, as JSON: format, which one is active, what was
//                                       asked of each, its threshold, its data, SHA-256 of scores and detector
//
// One file, so that a crash leaves the old one or the new one.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "calibration/calibration.h"
#include "io/safetensors.h"

namespace nescio::detectors {

struct SavedCalibration {
  calibration::Calibration made;
  calibration::ScoredRows ood = {};  // that it was made with
  nlohmann::json data = {};          // which rows these were, for people
};

struct Calibrations {
  std::string active;  // empty where there is none
  std::map<std::string, SavedCalibration> all = {};

  /// The one called `name`, or the active one if it is empty. Error with those that are there.
  const SavedCalibration& find(const std::string& name) const;
};

/// What a calibration is kept under: `given`, or "keep-0.95", "keep-0.95-guaranteed", "catch-0.9", "threshold-3" after what
/// was asked where that is empty. Error for other than at most 64 letters, digits, '.', '_' and '-'.
std::string calibration_name(const calibration::Request& request, const std::string& given);

inline constexpr const char* calibration_file = "calibration.safetensors";

/// Those of a saved detector; none where it was never calibrated. Error if the file is damaged, its format newer,
/// or it was made for another detector than the folder holds.
Calibrations load_calibrations(const std::filesystem::path& detector);
/// The same from what the file holds, which may differ from what its hash states; `detector_sha256` is that of the
/// detector's learned arrays, and `where` begins the messages.
Calibrations parse_calibrations(const io::Safetensors& file, const std::string& detector_sha256,
                                const std::string& where);
/// Puts one beside those that a saved detector has by now, or in the place of the one of its name, and makes it the active
/// one if that is wanted or there is none; returns all. Error unless the folder still has the detector that it was
/// made for, of which `detector_sha256` is the hash of what it has learned.
Calibrations add_calibration(const std::string& name, SavedCalibration calibration, bool active,
                             const std::filesystem::path& detector,
                             const std::string& detector_sha256);
/// Replaces those of a saved detector, all or nothing.
void save_calibrations(const Calibrations& calibrations, const std::filesystem::path& detector);

}  // namespace nescio::detectors
