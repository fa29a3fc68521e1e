// What a monitor has learned, on disk, so that it goes on where it was stopped.
//
//   FILE    safetensors: gaps [n + 1] int64, accounts [37] float64, scores [w] float32, flags [w] uint8,
//           history [r, 10] float64, seen [s] int64; in its metadata, as JSON: format, what it is the state of,
//           counts, SHA-256 of everything
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/safetensors.h"
#include "monitoring/monitor.h"

namespace nescio::monitoring {

/// What was read where the stream has no end of its own: numbers of names, ascending.
using SeenNames = std::vector<std::uint64_t>;

/// SHA-256 of what a monitor takes from its calibration: rows and thresholds.
std::string calibration_sha256(const calibration::Calibration& calibration);

/// Writes it atomically: a crash leaves the old state or the new one.
void save_monitor(const Monitor& monitor, const SeenNames& seen, const std::filesystem::path& path);
/// Gives the state of the file to a monitor and returns what was seen. Error if the file is damaged, of a newer
/// format, or of another calibration or other settings, with which ones.
SeenNames load_monitor(Monitor& monitor, const std::filesystem::path& path);
/// The same from what the file holds, whatever its hash; `where` begins the messages.
SeenNames parse_monitor(Monitor& monitor, const io::Safetensors& file, const std::string& where);

}  // namespace nescio::monitoring
