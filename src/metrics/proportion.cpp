#include "metrics/proportion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace nescio {

Predictions compare(std::span<const std::int64_t> predicted, std::span<const std::int64_t> labels) {
  if (predicted.size() != labels.size()) {
    fail("[metrics] expected one label for each of the ", predicted.size(), " predictions, found ",
         labels.size());
  }
  if (labels.empty()) fail("[metrics] expected at least one labelled ID row, found none");
  Predictions result{0, labels.size()};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) {
      fail("[metrics] ID labels: expected classes counted from 0, found ", labels[i],
           " at position ", i, "; give the ID set's labels");
    }
    if (predicted[i] == labels[i]) ++result.correct;
  }
  return result;
}

double accuracy(const Predictions& predictions) {
  const auto [correct, rows] = predictions;
  if (rows == 0) fail("[metrics] expected at least one labelled ID row, found none");
  if (correct > rows) {
    fail("[metrics] expected at most ", rows, " rows to be right, found ", correct);
  }
  return static_cast<double>(correct) / static_cast<double>(rows);
}

Bounds wilson_interval(const Predictions& predictions, double confidence) {
  const double p = accuracy(predictions);
  const auto n = static_cast<double>(predictions.rows);
  const double z = normal_z(confidence);
  const double centre = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

double normal_z(double confidence) {
  if (!(confidence > 0 && confidence < 1)) {
    fail("[metrics] confidence: expected a number between 0 and 1, found ", confidence);
  }
  // P(|Z| > z) = erfc(z / sqrt(2)) falls from 1 to 0; halving finds z to the last bit.
  double low = 0;
  double high = 40;
  while (true) {
    const double middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    (std::erfc(middle / std::numbers::sqrt2) > 1 - confidence ? low : high) = middle;
  }
}

}  // namespace nescio
