#include "calibration/calibration.h"

#include <algorithm>

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
  return request.value;
}

void check(const Request& request, const ScoredRows& id) {
  if (id.scores.empty()) fail("a calibration wants ID rows, found none");
  if (!request.per_class) return;
  if (request.goal != Goal::keep) {
    fail(
        "thresholds of each class follow from a share of ID rows to keep; a share to catch or a "
        "value is one for all");
  }
  if (id.predicted.size() != id.scores.size()) {
    fail(
        "thresholds of each class want to know which class is predicted for each row; these rows "
        "have no logits");
  }
}

std::vector<std::vector<float>> scores_by_class(const ScoredRows& id) {
  std::vector<std::vector<float>> out(std::ranges::max(id.predicted) + std::size_t{1});
  for (std::size_t r = 0; r < id.scores.size(); ++r) out[id.predicted[r]].push_back(id.scores[r]);
  return out;
}

}  // namespace

Calibration::Calibration(Request request, ScoredRows id, const ScoredRows& ood)
    : request_(request),
      id_((check(request, id), std::move(id))),
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
  if (!ood.scores.empty()) set_caught(flagged(*this, ood));
}

void Calibration::set_caught(const metrics::Proportion& rows) {
  caught_ = rate_of(rows, request_.promise.confidence);
}

double Calibration::threshold_of(std::uint32_t predicted) const {
  const bool own = predicted < by_class_.size() && by_class_[predicted];
  return own ? by_class_[predicted]->value : all_.value;
}

const ConformalPValues& Calibration::p_values(std::uint32_t predicted) const {
  const bool own = predicted < p_values_by_class_.size() && p_values_by_class_[predicted];
  return own ? *p_values_by_class_[predicted] : p_values_;
}

Answer Calibration::answer(double score, std::uint32_t predicted) const {
  return answer(score, predicted, threshold_of(predicted));
}

Answer Calibration::answer(double score, std::uint32_t predicted, double threshold) const {
  return {score, threshold, score > threshold, p_values(predicted)(score)};
}

metrics::Proportion flagged(const Calibration& calibration, const ScoredRows& rows) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < rows.scores.size(); ++r) {
    const std::uint32_t predicted = rows.predicted.empty() ? 0 : rows.predicted[r];
    if (rows.predicted.empty() && calibration.request().per_class) {
      fail(
          "thresholds of each class want to know which class is predicted for each row; these "
          "rows have no logits");
    }
    count += calibration.answer(rows.scores[r], predicted).is_ood;
  }
  return {count, rows.scores.size()};
}

}  // namespace nescio::calibration
