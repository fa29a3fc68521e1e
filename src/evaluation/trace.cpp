#include "evaluation/trace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/row_argmax.h"
#include "metrics/ranking.h"

namespace nescio::evaluation {
namespace {

constexpr double interval_confidence = 0.95;

class Tracer {
 public:
  Tracer(std::span<const TracedCheckpoint> checkpoints, const TraceSettings& settings,
         std::size_t late)
      : checkpoints_(checkpoints), settings_(settings), late_(late) {}

  TracedDetector run(const std::string& detector) const {
    TracedDetector out{.detector = detector};
    for (const metrics::Metric* metric : settings_.metrics) out.metrics.push_back({metric});
    for (std::size_t c = 0; c < checkpoints_.size(); ++c) {
      check_interrupt();
      append_values(detector, c, out);
    }
    for (TracedMetric& metric : out.metrics) {
      metric.validation = mean_over(metric, settings_.validation);
      metric.test = mean_over(metric, settings_.test);
    }
    choose(out);
    compare(out);
    return out;
  }

 private:
  /// Of one checkpoint, the sets in the order given.
  std::vector<metrics::MeasuredRows> measure(const std::string& detector, std::size_t checkpoint,
                                             const std::vector<std::string>& sets,
                                             std::size_t resamples) const {
    const auto& scores = checkpoints_[checkpoint].scores;
    const metrics::SortedRows id =
        metrics::sort_rows(scores.at({detector, settings_.id}), "ID scores");
    std::vector<metrics::RowRanking> rankings;
    std::vector<std::size_t> numbers;
    for (const std::string& set : sets) {
      rankings.push_back(
          metrics::rank_rows(id, metrics::sort_rows(scores.at({detector, set}), "OOD scores")));
      numbers.push_back(numbers.size());
    }
    metrics::IntervalOptions options = settings_.intervals;
    options.resamples = resamples;
    return metrics::measure_rows(std::move(rankings), 0, numbers, options, settings_.metrics);
  }

  void append_values(const std::string& detector, std::size_t checkpoint,
                     TracedDetector& out) const {
    std::vector<std::string> sets = settings_.validation;
    sets.insert(sets.end(), settings_.test.begin(), settings_.test.end());
    const auto measured = measure(detector, checkpoint, sets, 0);
    for (std::size_t m = 0; m < out.metrics.size(); ++m) {
      for (std::size_t s = 0; s < sets.size(); ++s) {
        out.metrics[m].sets[sets[s]].push_back(measured[s].values[m]);
      }
    }
  }

  std::vector<double> mean_over(const TracedMetric& metric,
                                const std::vector<std::string>& sets) const {
    std::vector<double> out(checkpoints_.size());
    for (const std::string& set : sets) {
      for (std::size_t c = 0; c < out.size(); ++c) {
        out[c] += metric.sets.at(set)[c] / static_cast<double>(sets.size());
      }
    }
    return out;
  }

  void choose(TracedDetector& out) const {
    const auto by = std::ranges::find(out.metrics, settings_.choose, &TracedMetric::metric);
    out.smoothed = smoothed_over_three(by->validation);
    const auto best = settings_.choose->higher_is_better ? std::ranges::max_element(out.smoothed)
                                                         : std::ranges::min_element(out.smoothed);
    out.chosen = static_cast<std::size_t>(best - out.smoothed.begin());
  }

  /// The late checkpoints against the chosen one, and each of them against the others.
  void compare(TracedDetector& out) const {
    const std::size_t first_late = checkpoints_.size() - late_;
    std::map<std::size_t, std::vector<metrics::MeasuredRows>> measured;  // by checkpoint
    const auto measure_one = [&](std::size_t c) {
      measured[c] = measure(out.detector, c, settings_.test, settings_.intervals.resamples);
    };
    measure_one(out.chosen);
    for (std::size_t c = first_late; c < checkpoints_.size(); ++c) {
      if (c != out.chosen) measure_one(c);
    }
    const auto contrast = [&](const std::vector<double>& weights) {  // of each checkpoint
      std::vector<metrics::ContrastTerm> terms;
      for (std::size_t c = 0; c < weights.size(); ++c) {
        if (weights[c] == 0) continue;
        for (const metrics::MeasuredRows& rows : measured.at(c)) {
          terms.push_back({&rows, weights[c] / static_cast<double>(settings_.test.size())});
        }
      }
      return metrics::contrast(terms, interval_confidence);
    };
    std::vector<double> weights(checkpoints_.size());
    for (std::size_t c = first_late; c < weights.size(); ++c) {
      weights[c] = 1 / static_cast<double>(late_);
    }
    weights[out.chosen] -= 1;
    const auto differences = contrast(weights);
    for (std::size_t m = 0; m < out.metrics.size(); ++m) {
      TracedMetric& metric = out.metrics[m];
      const auto from = metric.test.end() - static_cast<std::ptrdiff_t>(late_);
      metric.late = std::accumulate(from, metric.test.end(), 0.0) / static_cast<double>(late_);
      metric.chosen = metric.test[out.chosen];
      metric.difference = differences[m];
    }
    if (late_ < 2) return;
    for (std::size_t left_out = first_late; left_out < weights.size(); ++left_out) {
      std::vector<double> others(checkpoints_.size());
      for (std::size_t c = first_late; c < others.size(); ++c) {
        others[c] = c == left_out ? -1 : 1 / static_cast<double>(late_ - 1);
      }
      const auto chance = contrast(others);
      for (std::size_t m = 0; m < out.metrics.size(); ++m) {
        out.metrics[m].null.push_back(chance[m]);
      }
    }
  }

  std::span<const TracedCheckpoint> checkpoints_;
  const TraceSettings& settings_;
  std::size_t late_;
};

}  // namespace

std::vector<double> smoothed_over_three(std::span<const double> values) {
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t first = i == 0 ? 0 : i - 1;
    const std::size_t end = std::min(i + 2, values.size());
    for (std::size_t k = first; k < end; ++k)
      out[i] += values[k] / static_cast<double>(end - first);
  }
  return out;
}

Trace trace(std::span<const TracedCheckpoint> checkpoints, const TraceSettings& settings) {
  if (checkpoints.size() < 3) {
    fail("[trace] expected three checkpoints or more, found ", checkpoints.size());
  }
  if (settings.validation.empty() || settings.test.empty()) {
    fail("[trace] expected OOD sets to choose on and others to test on, found ",
         settings.validation.size(), " and ", settings.test.size());
  }
  Trace out;
  out.late = std::min<std::size_t>(5, checkpoints.size() / 2);
  std::vector<std::string> detectors;
  for (const auto& item : checkpoints.front().scores) {
    if (std::ranges::find(detectors, item.first.first) == detectors.end()) {
      detectors.push_back(item.first.first);
    }
  }
  const Tracer tracer(checkpoints, settings, out.late);
  for (const std::string& detector : detectors) out.detectors.push_back(tracer.run(detector));
  return out;
}

std::pair<double, double> loss_and_accuracy(const Array& logits, const Array& labels) {
  const auto z = logits.as<float>();
  const auto y = labels.as<std::int64_t>();
  const std::size_t classes = logits.shape()[1];
  const Array seen = row_argmax(logits);
  double loss = 0;
  std::size_t right = 0, rows = 0;
  for (std::size_t r = 0; r < y.size(); ++r) {
    if (y[r] < 0) continue;
    const auto row = z.subspan(r * classes, classes);
    const auto largest = static_cast<std::size_t>(seen.as<std::int64_t>()[r]);
    const double peak = row[largest];
    double sum = 0;
    for (const float value : row) sum += std::exp(static_cast<double>(value) - peak);
    const auto label = static_cast<std::size_t>(y[r]);
    if (label >= classes)
      fail("[trace] row ", r, ": label ", label, " is none of ", classes, " classes");
    loss += std::log(sum) + peak - static_cast<double>(row[label]);
    right += largest == label;
    ++rows;
  }
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (rows == 0) return {none, none};
  return {loss / static_cast<double>(rows), static_cast<double>(right) / static_cast<double>(rows)};
}

}  // namespace nescio::evaluation
