#include "cli/foreign_scores.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/interrupt.h"
#include "evaluation/imported.h"
#include "io/array_file.h"
#include "io/file.h"
#include "io/file_format.h"
#include "io/npz.h"
#include "io/openood_scores.h"
#include "io/pickled_arrays.h"
#include "io/sha256.h"
#include "io/torch_file.h"
#include "io/zip.h"

namespace nescio::cli {
namespace {

ForeignScores from_openood(const io::SavedConfidences& saved, bool higher_is_id,
                           const std::string& source) {
  const std::string where = saved.set.empty() ? source : text(source, " ", saved.set);
  return {.role = saved.role,
          .set = saved.set,
          .scores = to_scores(saved.confidences, higher_is_id, where),
          .predictions = saved.predictions.to_int64(),
          .labels = saved.labels.to_int64()};
}

// OpenOOD pickles dictionaries of dictionaries; arrays that lie in the first one are somebody else's.
bool is_openood_pickle(const io::SharedBytes& bytes, const std::string& source) {
  if (io::identify(bytes.span()) != io::FileFormat::pickle || io::looks_like_torch(bytes, source))
    return false;
  try {
    return io::parse_pickled_arrays(bytes, source).arrays.empty();
  } catch (const Error&) {
    return true;  // whose message says what was expected
  }
}

bool is_openood_npz(const io::SharedBytes& bytes, const std::string& source) {
  if (!io::looks_like_zip(bytes.span())) return false;
  const auto members = io::npz_members(bytes, source);
  return std::ranges::find(members, "conf") != members.end();
}

/// An array [N] that the split will have.
struct Column {
  std::string name;
  Array values;
};

void check_labels(const bank::FeatureBank& bank, const std::string& split, const Array& found,
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

nlohmann::json origin_of(const std::string& source) {
  return {
      {"import", {{"from", source}, {"sha256", io::sha256_file(io::array_place(source).file)}}}};
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
  if ((values.shape().size() != 1 && !column) || !is_float(values.dtype()) || values.empty()) {
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
    const io::SharedBytes bytes = io::map_file(source);
    const bool higher_is_id = higher != "ood";
    std::vector<ForeignScores> all;
    if (is_openood_pickle(bytes, source)) {
      for (const io::SavedConfidences& saved : io::parse_openood_pickle(bytes, source)) {
        all.push_back(from_openood(saved, higher_is_id, source));
      }
      if (all.empty()) fail(source, ": holds the scores of no data set");
      return all;
    }
    if (is_openood_npz(bytes, source)) {
      return {from_openood(io::parse_openood_npz(bytes, source), higher_is_id, source)};
    }
  }
  ForeignScores plain;
  plain.scores = to_scores(io::read_array(source), higher == "id", source);
  return {std::move(plain)};
}

void add_scores(bank::FeatureBank& bank, const std::string& split, const std::string& name,
                const ForeignScores& scores, const std::string& source, bank::Rest rest) {
  const std::string array = evaluation::imported_array(name);
  const std::size_t rows = scores.scores.rows();
  std::vector<Column> columns = {{array, scores.scores}};
  const bool there = rest == bank::Rest::kept && bank.has(split);
  if (there && bank.rows(split) != rows) {
    fail(source, ": expected a score for each of the ", bank.rows(split), " rows of ", split,
         ", found ", rows);
  }
  if (scores.labels && there && bank.has(split, "labels")) {
    check_labels(bank, split, *scores.labels, source);
  } else if (scores.labels) {
    columns.push_back({"labels", *scores.labels});
  }
  if (scores.predictions && !(there && bank.has(split, "logits"))) {
    columns.push_back({evaluation::predictions_array, *scores.predictions});
  }
  const nlohmann::json origin = origin_of(source);
  std::vector<bank::ArrayPlan> plans;
  for (const Column& column : columns) {
    plans.push_back({column.name, column.values.dtype(), {}, origin});
  }
  bank::SplitWriter writer(bank, split, rows, std::move(plans), nlohmann::json::object(), rest);
  constexpr std::size_t window = 16384;
  while (writer.done() < rows) {
    check_interrupt();
    const std::size_t count = std::min(window, rows - writer.done());
    for (const Column& column : columns) {
      writer.write(column.name, column.values.slice(writer.done(), count));
    }
    writer.commit(count);
  }
  writer.finish();
}

}  // namespace nescio::cli
