#include "evaluation/answers.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "detectors/bank_inputs.h"
#include "evaluation/imported.h"
#include "evaluation/score_stream.h"

namespace nescio {
namespace {

/// What the network says, row by row.
struct Predictions {
  std::vector<std::int64_t> classes;
  std::vector<float> confidence;  // softmax probability; empty where only classes are known
};

Predictions from_logits(const FeatureBank& bank, const std::string& split) {
  const Expr logits = make_inputs(bank, {split}).logits;
  const auto program = compile({row_argmax(logits), row_max(softmax(logits))}, Executor::cpu);
  Predictions out;
  stream_scores(bank, split, *program, {"largest logit", "softmax"},
                [&](std::size_t, const std::vector<std::span<const float>>& windows) {
                  for (const float index : windows[0]) {
                    out.classes.push_back(static_cast<std::int64_t>(index));
                  }
                  out.confidence.insert(out.confidence.end(), windows[1].begin(), windows[1].end());
                });
  return out;
}

}  // namespace

std::optional<Answers> answers_of(const FeatureBank& bank, const std::string& split) {
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
  Predictions predictions;
  const bool by_head = logits_from(bank, {split}) == LogitsFrom::head;
  if (bank.has(split, "logits") || (by_head && !bank.has(split, predictions_array))) {
    predictions = from_logits(bank, split);
  } else if (bank.has(split, predictions_array)) {
    const Array array = bank.array(split, predictions_array);
    const auto kept = array.as<std::int64_t>();
    predictions.classes.assign(kept.begin(), kept.end());
  } else {
    return std::nullopt;
  }
  Answers answers{.right = {}, .confidence = std::move(predictions.confidence)};
  for (std::size_t r = 0; r < labels.size(); ++r) {
    answers.right.push_back(predictions.classes[r] == labels[r]);
  }
  return answers;
}

}  // namespace nescio
