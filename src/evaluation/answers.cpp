#include "evaluation/answers.h"

#include <algorithm>

#include "base/error.h"
#include "evaluation/imported.h"

namespace nescio {
namespace {

std::vector<std::int64_t> largest_logits(const FeatureBank& bank, const std::string& split) {
  const Array array = bank.array(split, "logits");
  const MatrixView logits = array.matrix();
  std::vector<std::int64_t> out;
  for (std::size_t r = 0; r < logits.rows; ++r) {
    const float* row = logits.row(r);
    out.push_back(std::max_element(row, row + logits.cols) - row);
  }
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
  if (bank.has(split, "logits")) {
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
