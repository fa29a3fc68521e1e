#include "evaluation/answers.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "detectors/bank_inputs.h"
#include "evaluation/imported.h"
#include "evaluation/mean_softmax.h"
#include "evaluation/score_stream.h"
#include "expr/input_names.h"

namespace nescio::evaluation {
namespace {

/// What the network says, row by row.
struct Predictions {
  std::vector<std::int64_t> classes;
  std::vector<float> confidence;  // softmax probability; empty where only classes are known
};

/// What classes are measured by, of rows that have logits: in one pass, of which the probabilities stay.
void add_classes(const bank::BankViews& bank, const std::string& split, const Array& labels,
                 metrics::Answers& answers) {
  const std::vector<expr::Expr> logits = detectors::logits_of_members(bank, {split});
  const std::vector<expr::Expr> outputs = {mean_softmax(logits), log_mean_softmax(logits)};
  const auto program = compile(outputs, expr::Executor::cpu);
  const auto arrays = detectors::read_arrays(bank.at(split), expr::input_names(outputs));
  const auto label = labels.as<std::int64_t>();
  const std::size_t rows = label.size(), classes = outputs.front().width();
  const std::size_t step = 16 * program->block_rows();  // enough for all threads
  std::vector<float> probabilities(rows * classes), logarithms(std::min(step, rows) * classes);
  for (std::size_t first = 0; first < rows; first += step) {
    const std::size_t count = std::min(step, rows - first);
    auto part = arrays;
    for (auto& [name, array] : part) array = array.slice(first, count);
    program->run(detectors::to_batch(part), {&probabilities[first * classes], logarithms.data()},
                 expr::InputCheck::none);
    for (std::size_t r = 0; r < count; ++r) {
      const auto column = static_cast<std::size_t>(label[first + r]);
      answers.log_likelihood.push_back(logarithms[r * classes + column]);
    }
  }
  answers.probabilities = Array({rows, classes}, std::move(probabilities));
  answers.labels = labels;
  answers.places.resize(rows);
  std::iota(answers.places.begin(), answers.places.end(), 0);
}

/// The class with the largest logit or, of an ensemble, with the largest mean probability.
Predictions from_logits(const bank::BankViews& bank, const std::string& split) {
  const std::vector<expr::Expr> logits = detectors::logits_of_members(bank, {split});
  const expr::Expr mean = mean_softmax(logits);
  const expr::Expr largest = row_argmax(logits.size() == 1 ? logits.front() : mean);
  const std::vector<expr::Expr> outputs = {largest, row_max(mean)};
  const auto program = compile(outputs, expr::Executor::cpu);
  Predictions out;
  stream_scores(bank.at(split), input_names(outputs), *program, {"largest logit", "softmax"},
                [&](std::size_t, const std::vector<std::span<const float>>& windows) {
                  for (const float index : windows[0]) {
                    out.classes.push_back(static_cast<std::int64_t>(index));
                  }
                  out.confidence.insert(out.confidence.end(), windows[1].begin(), windows[1].end());
                });
  return out;
}

/// Whether the network's answers follow from logits, or from features and head.
bool has_logits(const bank::BankViews& network, const std::string& split) {
  const bool by_head = detectors::logits_from(network, {split}) == detectors::LogitsFrom::head;
  return network.has(split, "logits") || (by_head && !network.has(split, predictions_array));
}

std::optional<Predictions> predictions_of(const bank::BankViews& bank, const std::string& split) {
  const auto say_logits = [&](const std::string& member) {
    return has_logits(bank.of_member(member), split);
  };
  if (std::ranges::all_of(bank.members(), say_logits)) return from_logits(bank, split);
  if (!bank.has(split, predictions_array)) return std::nullopt;
  Predictions out;
  const Array array = bank.at(split).array(predictions_array);
  const auto kept = array.as<std::int64_t>();
  out.classes.assign(kept.begin(), kept.end());
  return out;
}

}  // namespace

std::vector<std::uint32_t> predicted_classes(const bank::BankViews& bank,
                                             const std::string& split) {
  std::vector<std::uint32_t> out;
  const auto predictions = predictions_of(bank, split);
  if (!predictions) return out;
  for (const std::int64_t predicted : predictions->classes) {
    if (predicted < 0 || predicted >= std::int64_t{1} << 24) {
      fail(split, ": row ", out.size(), " is predicted to be ", predicted, ", which is no class");
    }
    out.push_back(static_cast<std::uint32_t>(predicted));
  }
  return out;
}

std::optional<metrics::Answers> answers_of(const bank::BankViews& bank, const std::string& split,
                                           const metrics::ChosenMetrics& metrics) {
  if (!bank.has(split, "labels")) return std::nullopt;
  const Array label_array = bank.at(split).labels();
  const auto labels = label_array.as<std::int64_t>();
  if (std::ranges::all_of(labels, [](std::int64_t label) { return label == -1; })) {
    return std::nullopt;
  }
  const std::vector<std::string> members = bank.members();
  const auto classes = static_cast<std::int64_t>(bank.classes(members.front()));
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (classes > 0 && (labels[r] < 0 || labels[r] >= classes)) {
      fail(split, ": row ", r, " has label ", labels[r], "; the id split needs labels 0 .. ",
           classes - 1, " (or none at all)");
    }
  }
  std::optional<Predictions> predictions = predictions_of(bank, split);
  if (!predictions) return std::nullopt;
  metrics::Answers answers{.right = {}, .confidence = std::move(predictions->confidence)};
  for (std::size_t r = 0; r < labels.size(); ++r) {
    answers.right.push_back(predictions->classes[r] == labels[r]);
  }
  const bool every_class = std::ranges::any_of(
      metrics, [](const metrics::Metric* metric) { return metric->needs_classes; });
  if (every_class && !answers.confidence.empty()) add_classes(bank, split, label_array, answers);
  return answers;
}

}  // namespace nescio::evaluation
