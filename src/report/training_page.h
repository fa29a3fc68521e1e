// The page of a training run: its curves, and what the method makes of pictures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/image.h"

namespace nescio::report {

/// Values at a step, of training, validation or frozen features.
struct CurveRow {
  std::int64_t step = 0;
  std::string split;
  std::vector<std::pair<std::string, double>> values;
};

/// The rows of a run's metrics.jsonl; lines that are none are passed over.
std::vector<CurveRow> read_curves(std::string_view lines);

/// A picture, what was seen of it, what became of it.
struct PictureRow {
  image::Image picture, shown, made;
};

std::string training_page(const std::string& run, const std::vector<CurveRow>& rows,
                          const std::vector<PictureRow>& pictures);

}  // namespace nescio::report
