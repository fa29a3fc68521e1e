#include "cli/foreign_array.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "io/array_file.h"
#include "io/sha256.h"

namespace nescio {
namespace {

Array read_checked(const std::string& name, const std::string& source, bool floats,
                   const char* wanted) {
  Array array = read_array(source);
  if (floats && !is_float(array.dtype())) {
    fail(name, ": expected floating-point numbers, found ", name_of(array.dtype()), " (", source,
         ")");
  }
  if (array.empty()) {
    fail(name, ": expected ", wanted, ", found nothing: shape ", to_string(array.shape()), " (",
         source, ")");
  }
  return array;
}

// A column [N, 1] is a vector that somebody kept two-dimensional.
Array as_vector(const std::string& name, const std::string& source, const Array& array) {
  const Shape& shape = array.shape();
  const bool column = shape.size() == 2 && shape[1] == 1;
  if (shape.size() != 1 && !column) {
    fail(name, ": expected [N], found ", to_string(shape), " (", source, ")");
  }
  return array;
}

std::string double_text(const Array& array, std::size_t i) {
  return format_number(array.to_float64().as<double>()[i]);
}

}  // namespace

ArrayPlan ForeignArray::plan() const {
  if (target_ == DType::float32) return {name_, target_, {width()}};
  return {name_, target_, {}};
}

std::string ForeignArray::sha256() const {
  return nescio::sha256(std::span(static_cast<const std::uint8_t*>(array_.data()), array_.bytes()));
}

Array ForeignArray::window(std::size_t first, std::size_t count) const {
  const Array part = array_.slice(first, count);
  if (target_ == DType::int64) {
    try {
      const Array whole = part.to_int64();
      const auto values = whole.as<std::int64_t>();
      return Array({count}, std::vector<std::int64_t>(values.begin(), values.end()));
    } catch (const Error& e) {
      fail(name_, ": ", e.what(), " (", source_, ")");
    }
  }
  Array floats = part.to_float32();
  const auto values = floats.as<float>();
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return floats;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  const bool beyond = part.dtype() == DType::float64 && std::isfinite(part.as<double>()[at]);
  fail(name_, ": row ", first + at / part.cols(), ", column ", at % part.cols(), " is ",
       double_text(part, at),
       beyond ? ", beyond the range of float32" : "; expected finite numbers", " (", source_, ")");
}

ForeignArray read_values(const std::string& name, const std::string& source) {
  Array array = read_checked(name, source, true, "[N, width]");
  if (array.shape().size() != 2) {
    fail(name, ": expected [N, width], found ", to_string(array.shape()), " (", source, ")");
  }
  return {name, source, DType::float32, std::move(array)};
}

ForeignArray read_vector(const std::string& name, const std::string& source) {
  const Array array = as_vector(name, source, read_checked(name, source, true, "[N]"));
  // One row shape for both forms: [N].
  ForeignArray wide(name, source, DType::float32, array);
  const Array values = wide.window(0, array.rows());
  const auto span = values.as<float>();
  return {name, source, DType::float32,
          Array({span.size()}, std::vector<float>(span.begin(), span.end()))};
}

ForeignArray read_integers(const std::string& name, const std::string& source) {
  Array array = as_vector(name, source, read_checked(name, source, false, "[N]"));
  return {name, source, DType::int64, std::move(array)};
}

double head_error(const FeatureBank& bank, const std::string& split) {
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

}  // namespace nescio
