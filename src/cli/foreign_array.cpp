#include "cli/foreign_array.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/error.h"
#include "io/array_file.h"
#include "io/sha256.h"

namespace nescio::cli {
namespace {

using Content = ForeignArray::Content;

constexpr std::size_t window_rows = 16384;
// Of a sum of probabilities: more than 16-bit floats lose, far less than logits would hit.
constexpr double sum_tolerance = 0.01;

bool is_matrix(Content content) {
  return content == Content::values || content == Content::probabilities;
}

std::string wanted(Content content) { return is_matrix(content) ? "[N, width]" : "[N]"; }

// What to do about a shape, as NumPy and PyTorch write it.
std::string shape_hint(const Shape& shape, Content content) {
  if (shape.empty()) return "; this is a single number";
  if (shape.size() > 1 && shape[0] == 1) return "; if the first side is no row, save x[0]";
  if (!is_matrix(content)) {
    if (content != Content::integers || shape.size() != 2) return "; save x.reshape(-1)";
    return "; of one-hot rows save x.argmax(1)";
  }
  if (shape.size() == 1) return "; save x.reshape(N, width), or x.reshape(-1, 1) for one column";
  const std::string flat = "; save x.reshape(len(x), -1)";
  return shape.size() == 4 ? flat + ", or x.mean((2, 3)) for the mean over a picture" : flat;
}

// The array without sides of 1 behind the first, where the wanted shape remains.
Array fit_shape(const Array& array, Content content, const std::string& what) {
  const Shape& shape = array.shape();
  if (array.empty())
    fail(what, "expected ", wanted(content), ", found nothing: ", to_string(shape));
  Shape wide;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] != 1) wide.push_back(shape[i]);
  }
  const bool fits =
      is_matrix(content) ? shape.size() > 1 && wide.size() < 2 : !shape.empty() && wide.empty();
  if (!fits) {
    fail(what, "expected ", wanted(content), ", found ", to_string(shape),
         shape_hint(shape, content));
  }
  if (is_matrix(content)) return array.reshape({array.rows(), array.cols()});
  return array.reshape({array.rows()});
}

std::string found(const Array& array, std::size_t i) {
  return format_number(
      array.slice(i / array.cols(), 1).to_float64().as<double>()[i % array.cols()]);
}

std::string place(const Array& array, std::size_t first, std::size_t i) {
  const std::string row = text("row ", first + i / array.cols());
  return array.shape().size() > 1 ? text(row, ", column ", i % array.cols()) : row;
}

Array whole_numbers(const Array& part, std::size_t first, const std::string& what) {
  if (is_float(part.dtype())) {
    const Array wide = part.to_float64();
    const auto values = wide.as<double>();
    const auto bad = std::ranges::find_if(values, [](double v) { return v != std::floor(v); });
    if (bad != values.end()) {
      const auto at = static_cast<std::size_t>(bad - values.begin());
      fail(what, "expected whole numbers, found ", format_number(*bad), " in row ", first + at);
    }
  }
  try {
    return part.to_int64();
  } catch (const Error& e) {
    fail(what, e.what(), " after row ", first);
  }
}

Array finite_floats(const Array& part, std::size_t first, const std::string& what) {
  Array floats = part.to_float32();
  const auto values = floats.as<float>();
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return floats;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  const bool beyond = part.dtype() == DType::float64 && std::isfinite(part.as<double>()[at]);
  fail(what, place(part, first, at), " is ", found(part, at),
       beyond ? ", beyond the range of float32" : "; expected finite numbers");
}

}  // namespace

ForeignArray::ForeignArray(std::string name, std::string source, Content content, Array array)
    : name_(std::move(name)),
      source_(std::move(source)),
      content_(content),
      array_(std::move(array)) {
  if (content_ == Content::probabilities) {
    double sum = 0;
    const Array row = array_.slice(0, 1).to_float64();
    for (const double p : row.as<double>()) sum += p;
    if (std::abs(sum - 100) <= 100 * sum_tolerance) whole_ = 100;
  }
  for (std::size_t first = 0; first < rows(); first += window_rows) {
    window(first, std::min(window_rows, rows() - first));
  }
}

ForeignArray read_foreign(const std::string& name, const std::string& source, Content content) {
  const std::string what = text(name, " (", source, "): ");
  const Array array = io::read_array(source);
  if (content != Content::integers && !is_float(array.dtype())) {
    fail(what, "expected floating-point numbers, found ", name_of(array.dtype()), ' ',
         to_string(array.shape()),
         "; if they are measured and no classes, save x.astype('float32')");
  }
  return {name, source, content, fit_shape(array, content, what)};
}

bank::ArrayPlan ForeignArray::plan() const {
  const DType dtype = content_ == Content::integers ? DType::int64 : DType::float32;
  Shape row;
  if (is_matrix(content_)) row.push_back(width());
  return {name_, dtype, std::move(row), {{"import", origin()}}};
}

nlohmann::json ForeignArray::origin() const {
  const auto* data = static_cast<const std::uint8_t*>(array_.data());
  nlohmann::json origin = {{"from", source_},
                           {"sha256", io::sha256(std::span(data, array_.bytes()))}};
  if (content_ == Content::probabilities) origin["probabilities"] = true;
  return origin;
}

Array ForeignArray::window(std::size_t first, std::size_t count) const {
  const Array part = array_.slice(first, count);
  const std::string what = text(name_, " (", source_, "): ");
  if (content_ == Content::integers) return whole_numbers(part, first, what);
  if (content_ == Content::probabilities) return logarithms(part, first);
  return finite_floats(part, first, what);
}

Array ForeignArray::logarithms(const Array& part, std::size_t first) const {
  const Array wide = part.to_float64();
  const auto values = wide.as<double>();
  std::vector<float> out(values.size());
  for (std::size_t r = 0; r < part.rows(); ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < part.cols(); ++c) {
      const std::size_t i = r * part.cols() + c;
      if (!(values[i] >= 0)) {
        fail(name_, " (", source_, "): expected probabilities, found ", format_number(values[i]),
             " at ", place(part, first, i));
      }
      sum += values[i];
      const double smallest = std::numeric_limits<float>::min();
      out[i] = static_cast<float>(std::log(std::max(values[i] / whole_, smallest)));
    }
    if (!(std::abs(sum - whole_) <= whole_ * sum_tolerance)) {
      fail(name_, " (", source_, "): expected probabilities that sum to ", whole_,
           ", found the sum ", format_number(sum), " in row ", first + r);
    }
  }
  return Array(part.shape(), std::move(out));
}

namespace {

// Whether `is` holds for every row; ends with the first that it does not hold for.
template <class Is>
bool all_rows(const ForeignArray& array, const Is& is) {
  for (std::size_t first = 0; first < array.rows(); first += window_rows) {
    const Array part = array.window(first, std::min(window_rows, array.rows() - first));
    for (std::size_t r = 0; r < part.rows(); ++r) {
      if (!is(part.as<float>().subspan(r * part.cols(), part.cols()))) return false;
    }
  }
  return true;
}

bool sums_to(std::span<const float> row, double whole) {
  double sum = 0;
  for (const float v : row) {
    if (v < 0) return false;
    sum += static_cast<double>(v);
  }
  return std::abs(sum - whole) <= whole * sum_tolerance;
}

bool are_logarithms(std::span<const float> row) {
  double sum = 0;
  for (const float v : row) sum += std::exp(static_cast<double>(v));
  return std::abs(sum - 1) <= sum_tolerance;
}

}  // namespace

std::string mistaken_logits(const ForeignArray& logits) {
  if (logits.width() < 2) return "";
  using Row = std::span<const float>;
  if (all_rows(logits, [](Row row) { return sums_to(row, 1); })) return "probabilities";
  if (all_rows(logits, [](Row row) { return sums_to(row, 100); }))
    return "probabilities in per cent";
  return all_rows(logits, are_logarithms) ? "log-probabilities" : "";
}

std::string strange_labels(const Array& labels, std::size_t classes) {
  const auto values = labels.as<std::int64_t>();
  const auto strange = [&](std::int64_t v) {
    return v < -1 || v >= static_cast<std::int64_t>(classes);
  };
  const auto count = std::ranges::count_if(values, strange);
  if (count == 0 || classes == 0) return "";
  const auto first = std::ranges::find_if(values, strange);
  const auto [low, high] = std::ranges::minmax(values);
  const bool from_one = low == 1 && high == static_cast<std::int64_t>(classes);
  return text(count, " of the ", values.size(), " labels are no class of 0 .. ", classes - 1,
              " (row ", first - values.begin(), " has ", *first, ")",
              from_one
                  ? "; they begin at 1: import labels - 1"
                  : "; right for a set of other classes, a mistake for one that is learned from");
}

double head_error(const bank::FeatureBank& bank, const std::string& split) {
  const auto head = bank.head();
  if (!head || !bank.has(split, "logits") || !bank.has(split, "features")) return 0;
  const Array logit_array = bank.array(split, "logits");
  const Array feature_array = bank.array(split, "features");
  const MatrixView logits = logit_array.matrix();
  const MatrixView features = feature_array.matrix();
  const MatrixView weight = head->weight.matrix();
  const auto bias = head->bias.as<float>();
  constexpr std::size_t rows_to_look_at = 32;
  double error = 0, low = 0, high = 0;
  for (std::size_t r = 0; r < std::min(rows_to_look_at, logits.rows); ++r) {
    for (std::size_t c = 0; c < logits.cols; ++c) {
      double z = bias[c];
      for (std::size_t d = 0; d < features.cols; ++d) {
        z += static_cast<double>(features(r, d)) * static_cast<double>(weight(c, d));
      }
      const double found = logits(r, c);
      error = std::max(error, std::abs(found - z));
      low = std::min(low, found);
      high = std::max(high, found);
    }
  }
  return error == 0 ? 0 : error / std::max(high - low, 1e-30);
}

}  // namespace nescio::cli
