#include "extract/pixel_step.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/row_argmax.h"

namespace nescio::extract {
namespace {

/// Of the log-odds by the logits, times T, which neither signs nor order depend on.
Array log_odds_slope(const Array& logits, double T) {
  std::vector<float> out(logits.size());
  const std::size_t classes = logits.cols();
  const Array predicted = row_argmax(logits);
  for (std::size_t r = 0; r < logits.rows(); ++r) {
    const auto z = logits.as<float>().subspan(r * classes, classes);
    const auto seen = static_cast<std::size_t>(predicted.as<std::int64_t>()[r]);
    double top = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      if (c != seen) top = std::max(top, static_cast<double>(z[c]));
    }
    const auto share = [&](std::size_t c) { return std::exp((z[c] - top) / T); };
    for (std::size_t c = 0; c < classes; ++c) sum += c == seen ? 0 : share(c);
    for (std::size_t c = 0; c < classes; ++c) {
      out[r * classes + c] = c == seen ? -1.0f : static_cast<float>(share(c) / sum);
    }
  }
  return Array(logits.shape(), std::move(out));
}

}  // namespace

const Array& log_odds_gradient(Pass& pass, double T) {
  return pass.gradient(text("log-odds, T=", format_number(T)),
                       [&](const Array& logits) { return log_odds_slope(logits, T); });
}

float step_against(float slope, std::size_t i, const image::Preprocessing& p, double epsilon) {
  const std::size_t channel = i / (p.height * p.width) % p.planes();
  const auto step = static_cast<float>(epsilon / p.std[channel]);
  return slope >= 0 ? -step : step;
}

std::vector<float> stepped_against(const Array& slopes, const Pass& pass, double epsilon) {
  const auto images = pass.images();
  const auto slope = slopes.as<float>();
  std::vector<float> moved(images.begin(), images.end());
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i] += step_against(slope[i], i, pass.network().preprocessing(), epsilon);
  }
  return moved;
}

}  // namespace nescio::extract
