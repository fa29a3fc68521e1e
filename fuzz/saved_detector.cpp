#include "detectors/saved_detector.h"

#include <algorithm>

#include "fuzz_target.h"
#include "io/json_file.h"

// The first line is detector.json, the rest learned.safetensors.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  const std::size_t line = std::min(bytes.text().find('\n'), bytes.size());
  const std::size_t rest = std::min(line + 1, bytes.size());
  const nlohmann::json manifest = io::parse_json(bytes.text().substr(0, line), "detector.json");
  const io::SharedBytes arrays = bytes.part(rest, bytes.size() - rest);
  detectors::parse_detector(manifest, io::parse_safetensors(arrays, "learned.safetensors"),
                            "detector");
}
