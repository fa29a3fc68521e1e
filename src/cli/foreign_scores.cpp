#include "cli/foreign_scores.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/imported.h"
#include "io/array_file.h"
#include "io/file.h"
#include "io/npz.h"
#include "io/openood_scores.h"
#include "io/sha256.h"
#include "io/zip.h"

namespace nescio {
namespace {

ForeignScores from_openood(const SavedConfidences& saved, bool higher_is_id,
                           const std::string& source) {
  const std::string where = saved.set.empty() ? source : text(source, " ", saved.set);
  return {.role = saved.role,
          .set = saved.set,
          .scores = to_scores(saved.confidences, higher_is_id, where),
          .predictions = saved.predictions.to_int64(),
          .labels = saved.labels.to_int64()};
}

bool is_openood_npz(const SharedBytes& bytes, const std::string& source) {
  if (!looks_like_zip(bytes.span())) return false;
  const auto members = npz_members(bytes, source);
  return std::ranges::find(members, "conf") != members.end();
}

/// The array that the split will have, [N] of its own type, filled from memory.
struct Column {
  ArrayPlan plan;
  Array values;
};

void check_labels(const FeatureBank& bank, const std::string& split, const Array& found,
                  const std::string& source) {
  const Array there_array = bank.array(split, "labels");
  const auto there = there_array.as<std::int64_t>();
  const auto labels = found.as<std::int64_t>();
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < 0 || there[r] < 0 || labels[r] == there[r]) continue;
    fail(source, ": row ", r, " has label ", labels[r], ", but ", split, " has ", there[r],
         " there: these are scores of other pictures, or of the same in another order");
  }
}

nlohmann::json inputs_with(const FeatureBank& bank, const std::string& split,
                           const std::string& array, const std::string& source) {
  nlohmann::json inputs = nlohmann::json::object();
  if (bank.has(split)) inputs = bank.manifest(split).value("inputs", inputs);
  inputs["import"][array] = {{"from", source},
                             {"sha256", sha256_file(source.substr(0, source.rfind('#')))}};
  return inputs;
}

/// Values of one type, negated if high ones mean ID.
template <class T>
Array turned(const Array& values, bool higher_is_id, const std::string& source) {
  std::vector<T> scores;
  scores.reserve(values.size());
  std::size_t broken = 0, first = 0;
  for (const T value : values.as<T>()) {
    if (!std::isfinite(value) && broken++ == 0) first = scores.size();
    scores.push_back(higher_is_id ? -value : value);
  }
  if (broken > 0) {
    fail(source, ": expected finite scores, found ", broken, " of ", scores.size(),
         " NaN or infinite; row ", first, " is ",
         format_number(static_cast<double>(values.as<T>()[first])));
  }
  const Shape shape{scores.size()};
  return Array(shape, std::move(scores));
}

}  // namespace

Array to_scores(const Array& values, bool higher_is_id, const std::string& source) {
  const bool column = values.shape().size() == 2 && values.shape()[1] == 1;
  const bool floats = values.dtype() == DType::float16 || values.dtype() == DType::bfloat16 ||
                      values.dtype() == DType::float32 || values.dtype() == DType::float64;
  if ((values.shape().size() != 1 && !column) || !floats || values.empty()) {
    fail(source, ": expected scores as floating-point numbers [N], found ", name_of(values.dtype()),
         ' ', to_string(values.shape()));
  }
  return values.dtype() == DType::float64
             ? turned<double>(values, higher_is_id, source)
             : turned<float>(values.to_float32(), higher_is_id, source);
}

std::vector<ForeignScores> read_scores(const std::string& source, const std::string& higher) {
  std::error_code ignored;
  if (std::filesystem::exists(source, ignored)) {
    const SharedBytes bytes = map_file(source);
    const bool higher_is_id = higher != "ood";
    std::vector<ForeignScores> all;
    if (bytes.text().starts_with('\x80')) {
      for (const SavedConfidences& saved : parse_openood_pickle(bytes, source)) {
        all.push_back(from_openood(saved, higher_is_id, source));
      }
      if (all.empty()) fail(source, ": holds the scores of no data set");
      return all;
    }
    if (is_openood_npz(bytes, source)) {
      return {from_openood(parse_openood_npz(bytes, source), higher_is_id, source)};
    }
  }
  ForeignScores plain;
  plain.scores = to_scores(read_array(source), higher == "id", source);
  return {std::move(plain)};
}

void add_scores(FeatureBank& bank, const std::string& split, const std::string& name,
                const ForeignScores& scores, const std::string& source) {
  const std::string array = imported_array(name);
  const std::size_t rows = scores.scores.rows();
  std::vector<Column> columns = {{{array, scores.scores.dtype(), {}}, scores.scores}};
  const bool there = bank.has(split);
  if (there && bank.rows(split) != rows) {
    fail(source, ": expected a score for each of the ", bank.rows(split), " rows of ", split,
         ", found ", rows);
  }
  if (scores.labels && there && bank.has(split, "labels")) {
    check_labels(bank, split, *scores.labels, source);
  } else if (scores.labels) {
    columns.push_back({{"labels", DType::int64, {}}, *scores.labels});
  }
  if (scores.predictions && !(there && bank.has(split, "logits"))) {
    columns.push_back({{predictions_array, DType::int64, {}}, *scores.predictions});
  }
  for (const std::string& kept : there ? bank.arrays(split) : std::vector<std::string>{}) {
    const auto replaced = [&](const Column& column) { return column.plan.name == kept; };
    if (std::ranges::any_of(columns, replaced)) continue;
    const Array values = bank.array(split, kept);
    Shape row = values.shape();
    row.erase(row.begin());
    columns.push_back({{kept, values.dtype(), std::move(row)}, values});
  }

  std::vector<ArrayPlan> plans;
  for (const Column& column : columns) plans.push_back(column.plan);
  SplitWriter writer(bank, split, rows, std::move(plans), inputs_with(bank, split, array, source));
  if (auto names = there ? bank.paths(split) : std::vector<std::string>(); !names.empty()) {
    writer.set_paths(std::move(names));
  }
  constexpr std::size_t window = 16384;
  while (writer.done() < rows) {
    check_interrupt();
    const std::size_t count = std::min(window, rows - writer.done());
    for (const Column& column : columns) {
      writer.write(column.plan.name, column.values.slice(writer.done(), count));
    }
    writer.commit(count);
  }
  writer.finish();
}

}  // namespace nescio
