#include "serving/row_scorer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/row_argmax.h"
#include "expr/single_rows.h"

namespace nescio::serving {

using detectors::LogitsFrom;

namespace {

// Up to so many rows each by itself is faster than a block of them (docs/decisions.md).
constexpr std::size_t few_rows = 16;

}  // namespace

RowScorer::RowScorer(detectors::FittedDetector detector) : detector_(std::move(detector)) {
  from_network_ = way(LogitsFrom::network);
  if (!detector_.head) return;
  if (detector_.feature_width == 0) detector_.feature_width = detector_.head->weight.cols();
  from_head_ = way(LogitsFrom::head);
}

RowScorer::Way RowScorer::way(LogitsFrom logits) const {
  const detectors::Inputs inputs = detector_.inputs(logits);
  std::vector<expr::Expr> outputs = {detector_.chain.score(inputs)};
  detectors::Needs needs = detector_.chain.needs();
  if (logits == LogitsFrom::head) {
    outputs.push_back(row_argmax(inputs.logits));
    needs.logits = true;  // which class is seen follows from them, whatever the score reads
  }
  return {.many = expr::compile(outputs, expr::Executor::cpu),
          .few = expr::compile(outputs, expr::single_rows),
          .reads = detectors::arrays_for(needs, logits)};
}

std::map<std::string, std::size_t> RowScorer::widths() const {
  std::map<std::string, std::size_t> out(detector_.arrays.begin(), detector_.arrays.end());
  out["logits"] = detector_.classes;
  out["features"] = detector_.feature_width;
  return out;
}

calibration::ScoredRows RowScorer::score(const std::map<std::string, Array>& arrays) const {
  const std::string where = "[" + detector_.chain.spec() + "] ";
  const auto known = widths();
  std::size_t rows = 0;
  for (const auto& [name, array] : arrays) {
    const auto width = known.find(name);
    if (width == known.end()) {
      std::vector<std::string> names;
      for (const auto& [one, its] : known) names.push_back(one);
      fail(where, "reads no array '", name, "'.", suggest(name, names));
    }
    const bool fits = array.shape().size() == 2 && array.dtype() == DType::float32 &&
                      array.shape()[0] > 0 && array.shape()[1] > 0 &&
                      (width->second == 0 || array.shape()[1] == width->second);
    if (!fits) {
      fail(where, name, ": expected [N, ", width->second == 0 ? "C" : text(width->second),
           "] with at least one row, found ", to_string(array.shape()));
    }
    if (rows != 0 && array.rows() != rows) {
      fail(where, "expected as many rows in all arrays, found ", rows, " and ", array.rows());
    }
    rows = array.rows();
  }
  const bool by_head = from_head_.many && !arrays.contains("logits") && arrays.contains("features");
  const Way& way = by_head ? from_head_ : from_network_;
  expr::Batch batch;
  for (const std::string& name : way.reads) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) {
      const bool head_helps = name == "logits" && from_head_.many;
      fail(where, "needs ", join(way.reads, " and "), "; ", name,
           head_helps ? " (or features)" : "", " is missing");
    }
    batch.emplace(name, found->second.matrix());
  }
  calibration::ScoredRows out{.scores = std::vector<float>(rows)};
  std::vector<float> seen(by_head ? rows : 0);
  const std::array<expr::Output, 2> outputs = {out.scores.data(), seen.data()};
  const auto& program = rows <= few_rows ? way.few : way.many;
  program->run(batch, std::span(outputs).first(by_head ? 2 : 1));
  for (const float c : seen) out.predicted.push_back(static_cast<std::uint32_t>(c));
  const auto broken = std::ranges::find_if(out.scores, [](float s) { return !std::isfinite(s); });
  if (broken != out.scores.end()) {
    fail(where, "the score of row ", broken - out.scores.begin(), " is ", format_number(*broken));
  }
  if (const auto logits = arrays.find("logits"); logits != arrays.end()) {
    const Array largest = row_argmax(logits->second);
    for (const std::int64_t c : largest.as<std::int64_t>()) {
      out.predicted.push_back(static_cast<std::uint32_t>(c));
    }
  }
  return out;
}

}  // namespace nescio::serving
