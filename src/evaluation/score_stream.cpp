#include "evaluation/score_stream.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/interrupt.h"
#include "detectors/saved_detector.h"

namespace nescio {
namespace {

// Enough rows to keep all threads busy, few enough that Ctrl-C is heard.
constexpr std::size_t window_rows = 16384;

template <class T>
void stream(const FeatureBank& bank, const std::string& split, const Program& program,
            const std::vector<std::string>& names, const TakeScores<T>& take,
            const Progress& progress) {
  const auto arrays = read_arrays(bank, split);
  const Batch all = to_batch(arrays);
  const std::size_t rows = bank.rows(split);
  const std::size_t block = program.block_rows();
  const std::size_t step = (window_rows + block - 1) / block * block;

  std::vector<std::vector<T>> values(names.size());
  for (std::size_t first = 0; first < rows; first += step) {
    check_interrupt();
    if (progress) progress("scoring " + split, first, rows);
    const std::size_t count = std::min(step, rows - first);
    Batch window;
    for (const auto& [name, view] : all) window.emplace(name, view.slice(first, count));
    std::vector<Output> outputs;
    for (auto& scores : values) {
      scores.resize(count);
      outputs.emplace_back(scores.data());
    }
    program.run(window, outputs, InputCheck::none);  // scores are looked at below

    std::vector<std::span<const T>> spans;
    for (std::size_t d = 0; d < values.size(); ++d) {
      const auto bad = std::ranges::find_if(values[d], [](T v) { return !std::isfinite(v); });
      if (bad != values[d].end()) {
        fail(
            "[", names[d], "] ", split, ": the score of row ",
            first + static_cast<std::size_t>(bad - values[d].begin()), " is ",
            format_number(static_cast<double>(*bad)),
            "; look at that row's logits and features: they are beyond what the detector can take");
      }
      spans.emplace_back(values[d]);
    }
    take(first, spans);
  }
  if (progress) progress("scoring " + split, rows, rows);
}

}  // namespace

void stream_scores(const FeatureBank& bank, const std::string& split, const Program& program,
                   const std::vector<std::string>& names, const TakeScores<float>& take,
                   const Progress& progress) {
  stream(bank, split, program, names, take, progress);
}

void stream_scores(const FeatureBank& bank, const std::string& split, const Program& program,
                   const std::vector<std::string>& names, const TakeScores<double>& take,
                   const Progress& progress) {
  stream(bank, split, program, names, take, progress);
}

}  // namespace nescio
