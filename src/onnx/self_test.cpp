#include "onnx/self_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "io/json_file.h"
#include "runtime/onnx_session.h"

namespace nescio::onnx {
namespace {

constexpr const char* key = "nescio.self_test";
constexpr std::size_t most_rows = 4, most_values = std::size_t{1} << 17;

/// The tensor that is called so in the metadata.
std::string tensor_of(const Model& model, const std::string& array, const std::string& where) {
  const auto metadata = model.metadata();
  const auto found = metadata.find("nescio." + array);
  if (found == metadata.end() || !model.has(found->second)) {
    fail(where, ": has no tensor for the ", printable(array), " of its self-test");
  }
  return found->second;
}

Array rows_of(const nlohmann::json& rows, const std::string& where) {
  std::vector<float> values;
  std::size_t width = 0;
  for (const nlohmann::json& row : rows) {
    if (!row.is_array() || row.empty() || (width != 0 && row.size() != width))
      fail(where, ": damaged rows");
    width = row.size();
    for (const nlohmann::json& value : row) {
      if (!value.is_number()) fail(where, ": damaged rows");
      values.push_back(value.get<float>());
    }
  }
  if (values.empty()) fail(where, ": no rows");
  return {{values.size() / width, width}, std::move(values)};
}

}  // namespace

Agreement agreement(const std::vector<double>& found, const std::vector<double>& expected) {
  Agreement out{.rows = expected.size()};
  for (std::size_t r = 0; r < expected.size(); ++r) {
    const double apart = std::abs(found.at(r) - expected[r]);
    out.largest = std::isnan(apart) ? apart : std::max(out.largest, apart);
    if (std::isnan(apart)) break;
  }
  if (expected.empty()) return out;
  const auto [low, high] = std::ranges::minmax(expected);
  // Scores of a row or of rows alike have next to no range; floats of their size still differ by their last digits.
  out.range = std::max(high - low, 1e-2 * std::max(std::abs(high), 1e-3));
  return out;
}

Array moved(const Array& array, float part, Rng& rng) {
  const auto values = array.as<float>();
  std::vector<float> out(values.begin(), values.end());
  for (float& value : out) value *= rng.below(2) == 0 ? 1 - part : 1 + part;
  return {array.shape(), std::move(out)};
}

bool reads_log_probabilities(const detectors::SelfTest& self_test) {
  const auto found = self_test.arrays.find("logits");
  if (found == self_test.arrays.end() || found->second.rows() == 0) return false;
  const MatrixView z = found->second.matrix();
  for (std::size_t r = 0; r < z.rows; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < z.cols; ++c) sum += std::exp(double{z.row(r)[c]});
    if (!(std::abs(sum - 1) < 1e-3)) return false;
  }
  return true;
}

void carry_self_test(Model& model, const detectors::SelfTest& self_test) {
  std::size_t width = 1;
  for (const auto& [name, array] : self_test.arrays) width += array.cols();
  const std::size_t rows =
      std::min({most_rows, self_test.scores.size(), std::max<std::size_t>(1, most_values / width)});
  if (rows == 0) return;
  nlohmann::ordered_json out;
  for (const auto& [name, array] : self_test.arrays) {
    const MatrixView view = array.matrix();
    for (std::size_t r = 0; r < rows; ++r)
      out["arrays"][name].push_back(std::vector<float>(view.row(r), view.row(r) + view.cols));
  }
  out["scores"] = std::vector<double>(self_test.scores.begin(),
                                      self_test.scores.begin() + static_cast<std::ptrdiff_t>(rows));
  model.set_metadata(key, io::json_line(out));
}

Agreement replay_self_test(const Model& model, const std::string& where) {
  const auto metadata = model.metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) fail(where, ": carries no rows to be checked by; export it again");
  const std::string place = text(where, ": ", key);
  const nlohmann::json stored = io::parse_json(found->second, place);
  if (!stored.is_object() || !stored.contains("arrays") || !stored["arrays"].is_object() ||
      !stored.contains("scores")) {
    fail(place, ": damaged");
  }
  rows_of(nlohmann::json::array({stored["scores"]}), place);  // refuses what are no numbers
  std::map<std::string, Array> inputs;
  std::map<std::string, int> types;
  for (const auto& item : stored["arrays"].items()) {
    const std::string tensor = tensor_of(model, item.key(), where);
    const Array rows = rows_of(item.value(), place);
    inputs.emplace(tensor, rows.reshape({rows.rows(), rows.cols(), 1, 1}));  // as maps are, too
    types.emplace(tensor, runtime::onnx_type(DType::float32));
  }
  const std::string bytes = model.part(types, {"ood_score"}).bytes();
  const runtime::OnnxSession session(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, where);
  const auto scores = [&] {
    const Array said = session.run(inputs, {"ood_score"}).front().to_float64();
    const auto values = said.as<double>();
    return std::vector<double>(values.begin(), values.end());
  };
  const std::vector<double> values = scores();
  const auto expected = stored["scores"].get<std::vector<double>>();
  if (values.size() != expected.size()) {
    fail(place, ": ", expected.size(), " scores for ", values.size(), " rows");
  }
  Agreement out = agreement(values, expected);
  Rng rng(1);
  for (auto& [name, array] : inputs)
    array = moved(array, std::numeric_limits<float>::epsilon(), rng);
  out.rounding = agreement(scores(), values).largest;
  return out;
}

}  // namespace nescio::onnx
