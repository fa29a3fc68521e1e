#include "evaluation/answers.h"

#include <algorithm>

#include "base/error.h"
#include "detectors/saved_detector.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"

namespace nescio {
namespace {

std::vector<std::int64_t> largest_logits(const FeatureBank& bank, const std::string& split) {
  const auto program = compile({row_argmax(make_inputs(bank, {split}).logits)}, Executor::cpu);
  std::vector<std::int64_t> out;
  stream_scores(bank, split, *program, {"largest logit"},
                [&](std::size_t, const std::vector<std::span<const float>>& windows) {
                  for (const float index : windows[0]) {
                    out.push_back(static_cast<std::int64_t>(index));
                  }
                });
  return out;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> right_answers(const FeatureBank& bank,
                                                       const std::string& split) {
  if (!bank.has(split, "labels")) return std::nullopt;
  const Array label_array = bank.array(split, "labels");
  const auto labels = label_array.as<std::int64_t>();
  if (std::ranges::all_of(labels, [](std::int64_t label) { return label == -1; })) {
    return std::nullopt;
  }
  const auto classes = static_cast<std::int64_t>(bank.classes());
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (classes > 0 && (labels[r] < 0 || labels[r] >= classes)) {
      fail(split, ": row ", r, " has label ", labels[r], "; the id split needs labels 0 .. ",
           classes - 1, " (or none at all)");
    }
  }
  std::vector<std::int64_t> answers;
  const bool by_head = logits_from(bank, {split}) == LogitsFrom::head;
  if (bank.has(split, "logits") || (by_head && !bank.has(split, predictions_array))) {
    answers = largest_logits(bank, split);
  } else if (bank.has(split, predictions_array)) {
    const Array array = bank.array(split, predictions_array);
    const auto kept = array.as<std::int64_t>();
    answers.assign(kept.begin(), kept.end());
  } else {
    return std::nullopt;
  }
  std::vector<std::uint8_t> right;
  for (std::size_t r = 0; r < labels.size(); ++r) right.push_back(answers[r] == labels[r]);
  return right;
}

}  // namespace nescio
