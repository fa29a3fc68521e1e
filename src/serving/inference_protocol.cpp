#include "serving/inference_protocol.h"

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/version.h"
#include "base/within.h"
#include "io/json_file.h"

namespace nescio::serving {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// A member of an object; Error unless it is there.
const Json& member(const Json& object, const char* name) {
  if (!object.is_object()) fail("expected an object, found ", object.type_name());
  const auto found = object.find(name);
  if (found == object.end()) fail("'", name, "' is missing");
  return *found;
}

std::string text_in(const Json& object, const char* name) {
  const Json& found = member(object, name);
  if (!found.is_string()) fail("'", name, "': expected a text, found ", found.type_name());
  return found.get<std::string>();
}

Shape shape_in(const Json& tensor) {
  const Json& sides = member(tensor, "shape");
  Shape shape;
  if (sides.is_array()) {
    for (const Json& side : sides) {
      if (!side.is_number_unsigned()) fail("'shape': expected counts, found ", side.dump());
      shape.push_back(side.get<std::size_t>());
    }
  }
  if (shape.size() != 2) fail("'shape': expected [rows, width], found ", sides.dump());
  return shape;
}

void append(const Json& numbers, std::vector<float>& out) {
  for (const Json& value : numbers) {
    if (!value.is_number()) fail("'data': expected numbers, found ", value.type_name());
    const auto number = static_cast<float>(value.get<double>());
    if (!std::isfinite(number)) fail("'data': ", value.dump(), " is no finite float");
    out.push_back(number);
  }
}

/// Flat, or a list of rows, each with `width` numbers.
std::vector<float> numbers_in(const Json& data, std::size_t width) {
  std::vector<float> out;
  if (data.empty() || !data.front().is_array()) {
    append(data, out);
    return out;
  }
  for (std::size_t r = 0; r < data.size(); ++r) {
    if (!data[r].is_array() || data[r].size() != width) {
      fail("'data': row ", r, ": expected ", width, " numbers, found ",
           data[r].is_array() ? text(data[r].size()) : data[r].type_name());
    }
    append(data[r], out);
  }
  return out;
}

Array array_of(const Json& tensor) {
  const std::string type = text_in(tensor, "datatype");
  if (type != "FP32" && type != "FP64") {
    fail("'datatype': expected FP32 or FP64, found '", printable(type), "'");
  }
  const Shape shape = shape_in(tensor);
  const Json& data = member(tensor, "data");
  if (!data.is_array()) fail("'data': expected a list, found ", data.type_name());
  std::vector<float> values = numbers_in(data, shape[1]);
  if (values.size() != count_of(shape)) {
    fail("'data': expected ", count_of(shape), " numbers for the shape ", to_string(shape),
         ", found ", values.size());
  }
  return Array(shape, std::move(values));
}

std::map<std::string, Array> arrays_of(const Json& request) {
  const Json& inputs = member(request, "inputs");
  if (!inputs.is_array() || inputs.empty()) fail("'inputs': expected a list of tensors");
  std::map<std::string, Array> out;
  for (const Json& tensor : inputs) {
    const std::string name = text_in(tensor, "name");
    const Array array =
        within("input '" + printable(name) + "': ", [&] { return array_of(tensor); });
    if (!out.emplace(name, array).second) fail("input '", printable(name), "' is there twice");
  }
  return out;
}

/// The outputs that a request wants; none named: all.
std::set<std::string> wanted_in(const Json& request) {
  std::set<std::string> out;
  const auto outputs = request.find("outputs");
  if (outputs == request.end()) return out;
  if (!outputs->is_array()) fail("'outputs': expected a list");
  for (const Json& output : *outputs) out.insert(text_in(output, "name"));
  return out;
}

OrderedJson tensor(const char* name, const char* type, std::size_t rows, OrderedJson data) {
  return {{"name", name}, {"datatype", type}, {"shape", {rows}}, {"data", std::move(data)}};
}

}  // namespace

OrderedJson model_metadata(const ServedDetector& served) {
  const auto side = [](std::size_t width) {
    return width == 0 ? -1 : static_cast<std::int64_t>(width);
  };
  OrderedJson inputs = OrderedJson::array(), outputs = OrderedJson::array();
  const auto output = [&](const char* name, const char* type) {
    outputs.push_back({{"name", name}, {"datatype", type}, {"shape", {-1}}});
  };
  if (served.scorer) {
    const auto widths = served.scorer->widths();
    for (const auto& [name, width] : widths) {
      inputs.push_back({{"name", name}, {"datatype", "FP32"}, {"shape", {-1, side(width)}}});
    }
    output("ood_score", "FP32");
    output("class", "INT64");
    if (served.calibration) {
      output("ood_threshold", "FP64");
      output("is_ood", "BOOL");
      output("ood_p_value", "FP64");
    }
  }
  return {{"name", served.name},
          {"versions", {"1"}},
          {"platform", "nescio"},
          {"inputs", inputs},
          {"outputs", outputs}};
}

OrderedJson infer(const ServedDetector& served, std::string_view body,
                  const std::function<void(const calibration::ScoredRows&)>& scored) {
  if (!served.scorer) fail("this detector reads more of a network than features and logits");
  const Json request = io::parse_json(body, "request");
  const auto arrays = arrays_of(request);
  const std::set<std::string> wanted = wanted_in(request);
  const calibration::ScoredRows rows = served.scorer->score(arrays);
  const std::size_t count = rows.scores.size();

  OrderedJson scores = OrderedJson::array(), classes = scores, thresholds = scores, flags = scores,
              p_values = scores;
  for (std::size_t r = 0; r < count; ++r) {
    scores.push_back(rows.scores[r]);
    std::optional<std::uint32_t> seen;
    if (!rows.predicted.empty()) {
      seen = rows.predicted[r];
      classes.push_back(*seen);
    }
    if (!served.calibration) continue;
    const calibration::Answer answer = served.calibration->answer(rows.scores[r], seen);
    thresholds.push_back(answer.threshold);
    flags.push_back(answer.is_ood);
    p_values.push_back(answer.p_value);
  }
  OrderedJson outputs = OrderedJson::array();
  std::set<std::string> missing = wanted;
  std::vector<std::string> known;
  const auto give = [&](const char* name, const char* type, OrderedJson& data) {
    if (data.empty()) return;
    known.emplace_back(name);
    missing.erase(name);
    if (wanted.empty() || wanted.contains(name)) {
      outputs.push_back(tensor(name, type, count, std::move(data)));
    }
  };
  give("ood_score", "FP32", scores);
  give("class", "INT64", classes);
  give("ood_threshold", "FP64", thresholds);
  give("is_ood", "BOOL", flags);
  give("ood_p_value", "FP64", p_values);
  if (!missing.empty()) {
    const std::string name = printable(*missing.begin());
    fail("there is no output '", name, "' for this request.", suggest(name, known));
  }
  scored(rows);
  OrderedJson out = {{"model_name", served.name}, {"model_version", "1"}};
  if (const auto id = request.find("id"); id != request.end()) {
    if (!id->is_string()) fail("'id': expected a text, found ", id->type_name());
    out["id"] = *id;
  }
  out["outputs"] = std::move(outputs);
  return out;
}

}  // namespace nescio::serving
