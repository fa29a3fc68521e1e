#include "calibration/calibration.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace nescio::calibration {
namespace {

Rate rate_of(const metrics::Proportion& rows, double confidence) {
  return {rows, metrics::clopper_pearson_interval(rows, confidence)};
}

ClassThreshold with_rate(double value, std::span<const float> id, double confidence) {
  const auto kept = std::ranges::count_if(id, [&](float score) { return score <= value; });
  return {value, rate_of({static_cast<std::size_t>(kept), id.size()}, confidence)};
}

double chosen(const Request& request, const ScoredRows& id, const ScoredRows& ood) {
  switch (request.goal) {
    case Goal::keep: return threshold_that_keeps(id.scores, request.promise);
    case Goal::catches:
      if (ood.scores.empty()) fail("a share of OOD rows to catch wants OOD rows, found none");
      return threshold_that_catches(ood.scores, request.promise);
    case Goal::value: break;
  }
  if (!std::isfinite(request.value)) fail("expected a finite threshold, found ", request.value);
  return request.value;
}

[[noreturn]] void fail_without_class() {
  fail(
      "thresholds of each class want to know which class is predicted for each row; these rows "
      "have no logits");
}

/// What the class has of its own, or what holds for all.
template <class T>
const T& of_class(const std::vector<std::optional<T>>& own, const T& all,
                  std::optional<std::uint32_t> predicted) {
  if (own.empty()) return all;
  if (!predicted) fail_without_class();
  return *predicted < own.size() && own[*predicted] ? *own[*predicted] : all;
}

void check_rows(const Request& request, const ScoredRows& id) {
  if (id.scores.empty()) fail("a calibration wants ID rows, found none");
  if (!request.per_class) return;
  if (request.goal != Goal::keep) {
    fail(
        "thresholds of each class follow from a share of ID rows to keep; a share to catch or a "
        "value is one for all");
  }
  if (id.predicted.size() != id.scores.size()) fail_without_class();
}

std::vector<std::vector<float>> scores_by_class(const ScoredRows& id) {
  std::vector<std::vector<float>> out(std::ranges::max(id.predicted) + std::size_t{1});
  for (std::size_t r = 0; r < id.scores.size(); ++r) out[id.predicted[r]].push_back(id.scores[r]);
  return out;
}

}  // namespace

Calibration::Calibration(Request request, ScoredRows id, const ScoredRows& ood)
    : request_(request),
      id_((check_rows(request, id), std::move(id))),
      all_(with_rate(chosen(request, id_, ood), id_.scores, request.promise.confidence)),
      p_values_(id_.scores, request.validity, request.promise.confidence) {
  const double confidence = request_.promise.confidence;
  if (request_.per_class) {
    const std::size_t enough =
        std::max({request_.class_rows, fewest_rows(request_.promise), std::size_t{1}});
    for (std::vector<float>& scores : scores_by_class(id_)) {
      by_class_.emplace_back();
      p_values_by_class_.emplace_back();
      if (scores.size() < enough) continue;
      by_class_.back() =
          with_rate(threshold_that_keeps(scores, request_.promise), scores, confidence);
      p_values_by_class_.back().emplace(std::move(scores), request_.validity, confidence);
    }
  }
  const metrics::Proportion lost = flagged(*this, id_);
  kept_ = rate_of({lost.rows - lost.count, lost.rows}, confidence);
  if (!ood.scores.empty()) caught_ = rate_of(flagged(*this, ood), confidence);
}

double Calibration::threshold_of(std::optional<std::uint32_t> predicted) const {
  return of_class(by_class_, all_, predicted).value;
}

const ConformalPValues& Calibration::p_values_of(std::optional<std::uint32_t> predicted) const {
  return of_class(p_values_by_class_, p_values_, predicted);
}

Answer Calibration::answer(double score, std::optional<std::uint32_t> predicted) const {
  const double threshold = threshold_of(predicted);
  return {score, threshold, score > threshold, p_values_of(predicted)(score)};
}

metrics::Proportion flagged(const Calibration& calibration, const ScoredRows& rows) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows.scores.size(); ++r) {
    std::optional<std::uint32_t> predicted;
    if (!rows.predicted.empty()) predicted = rows.predicted[r];
    count += rows.scores[r] > calibration.threshold_of(predicted);
  }
  return {count, rows.scores.size()};
}

}  // namespace nescio::calibration
