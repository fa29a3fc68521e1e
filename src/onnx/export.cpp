#include "onnx/export.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "detectors/chain.h"
#include "expr/input_names.h"

namespace nescio::onnx {
namespace {

using calibration::Calibration;
using detectors::FittedDetector;

constexpr int type_float = 1, type_bool = 9;

Tensors tensors_of(const Model& model, const FittedDetector& detector, const Where& where) {
  const detectors::Needs needs = detector.chain.needs();
  Tensors out = model.find(where);
  if (needs.features && out.features.empty()) {
    fail("[", detector.chain.spec(), "] reads features, and the layer in front of '",
         printable(out.logits), "' is no Gemm or MatMul; name them with features=. Before it lie ",
         model.before(out.logits));
  }
  if (out.classes && detector.classes != 0 && *out.classes != detector.classes) {
    fail("[", detector.chain.spec(), "] was fitted on a network of ", detector.classes,
         " classes, the last layer of this model has ", *out.classes);
  }
  if (out.width && needs.features && *out.width != detector.feature_width) {
    fail("[", detector.chain.spec(), "] was fitted on ", detector.feature_width,
         " features, the last layer of this model reads ", *out.width);
  }
  return out;
}

/// [N, width] float32 of whatever shape and float type; of maps the means over their places.
std::string rows_of(std::string tensor, expr::OnnxWriter& to, std::size_t width = 0,
                    std::optional<bool> maps = false) {
  // Where nothing says which, rows become maps of one place.
  if (!maps) tensor = to.reshape(tensor, {0, static_cast<std::int64_t>(width), 1, -1});
  if (maps.value_or(true)) tensor = to.node("GlobalAveragePool", {tensor});
  return to.node("Flatten", {to.to_float(tensor)}, {{"axis", std::int64_t{1}}});
}

/// What depends on the predicted class: its row of a table, or the only row.
class Judgement {
 public:
  Judgement(const Calibration& made, std::string logits, expr::OnnxWriter& to)
      : made_(made), to_(to) {
    classes_ = made.request().per_class ? made.by_class().size() : 1;
    if (made.request().per_class) {
      predicted_ =
          to.node("ArgMax", {logits}, {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}});
      // Classes that no calibration row has seen stand behind the last one, which has what holds for all.
      predicted_ = to.to_int64(
          to.node("Min", {to.to_float(predicted_), to.scalar(static_cast<float>(classes_))}));
      ++classes_;
    }
  }

  std::vector<float> thresholds() const {
    std::vector<float> out;
    for (std::size_t c = 0; c < classes_; ++c)
      out.push_back(static_cast<float>(made_.threshold_of(static_cast<std::uint32_t>(c))));
    return out;
  }
  /// [N] of a tensor [classes], or the only value.
  std::string of_class(const std::string& table) const {
    return predicted_.empty() ? table : to_.node("Gather", {table, predicted_});
  }

  /// [N] of scores [N].
  std::string p_values(const std::string& scores) const {
    std::vector<const calibration::ConformalPValues*> all;
    std::size_t longest = 0;
    for (std::size_t c = 0; c < classes_; ++c) {
      all.push_back(&made_.p_values_of(static_cast<std::uint32_t>(c)));
      longest = std::max(longest, all.back()->scores().size());
    }
    // Scores that fill a row are below every score; how many are not is the place among the p-values.
    std::vector<float> known, values;
    for (const auto* one : all) {
      known.insert(known.end(), longest - one->scores().size(),
                   -std::numeric_limits<float>::infinity());
      known.insert(known.end(), one->scores().begin(), one->scores().end());
      for (std::size_t j = 0; j <= longest; ++j) {
        values.push_back(static_cast<float>(one->values()[std::min(j, one->values().size() - 1)]));
      }
    }
    const auto rows = static_cast<std::int64_t>(classes_), n = static_cast<std::int64_t>(longest);
    const auto row_of = [&](const std::vector<float>& table, std::int64_t width) {
      const std::string all_rows = to_.constant(std::vector{rows, width}, table);
      return predicted_.empty() ? all_rows : to_.node("Gather", {all_rows, predicted_});
    };
    const std::string reached =
        to_.to_float(to_.greater_equal(row_of(known, n), to_.reshape(scores, {-1, 1})));
    const std::string count = to_.reduce("ReduceSum", reached);  // [N, 1]
    if (predicted_.empty()) {
      const std::string places = to_.reshape(to_.to_int64(count), {-1});
      const std::string flat = to_.constant(std::vector{n + 1}, values);
      return to_.node("Gather", {flat, places});
    }
    return to_.reshape(to_.node("GatherElements", {row_of(values, n + 1), to_.to_int64(count)},
                                {{"axis", std::int64_t{1}}}),
                       {-1});
  }

 private:
  const Calibration& made_;
  expr::OnnxWriter& to_;
  std::size_t classes_ = 1;
  std::string predicted_;
};

}  // namespace

Added add_detector(Model& model, const FittedDetector& detector, const Calibration* calibration,
                   const Where& where) {
  const detectors::Needs needs = detector.chain.needs();
  for (const std::string& array : needs.arrays) {
    fail("[", detector.chain.spec(), "] reads '", array,
         "', which takes further passes through the network; it cannot stand behind one");
  }
  Added out{.read = tensors_of(model, detector, where),
            .logits = {},
            .features = {},
            .inputs = {},
            .outputs = {},
            .threshold = {}};
  if (needs.features || out.read.features.size() == 1) {
    out.features = model.side_by_side(out.read.features);
  }
  out.logits = out.read.logits;
  const auto writer = model.writer();
  const expr::Expr expression = detector.chain.score(detector.inputs());
  const bool per_class = calibration && calibration->request().per_class;
  std::vector<std::string> names = expr::input_names({expression});
  if (per_class && std::ranges::find(names, "logits") == names.end()) names.emplace_back("logits");
  std::map<std::string, std::string> inputs;
  for (const std::string& name : names) {
    const bool features = name == "features";
    const std::vector read = features ? out.read.features : std::vector{out.read.logits};
    out.inputs.insert(out.inputs.end(), read.begin(), read.end());
    if (name == "logits" && where.logarithm) {
      const std::string least = writer->scalar(std::numeric_limits<float>::min());
      out.logits =
          writer->node("Log", {writer->node("Max", {writer->to_float(out.logits), least})});
    } else if (name == "logits" && where.normalised) {
      out.logits =
          writer->node("LogSoftmax", {rows_of(out.logits, *writer)}, {{"axis", std::int64_t{1}}});
    }
    inputs[name] = features ? rows_of(out.features, *writer, detector.feature_width, out.read.maps)
                            : rows_of(out.logits, *writer);
  }
  const std::string score =
      writer->reshape(expr::lower_to_onnx({expression}, inputs, *writer).front(), {-1});
  const auto add = [&](const std::string& tensor, const char* name, int type) {
    model.add_output(tensor, name, type);
    out.outputs.emplace_back(name);
  };
  add(score, "ood_score", type_float);
  if (!calibration) return out;
  const Judgement judgement(*calibration, per_class ? inputs.at("logits") : "", *writer);
  out.threshold = "ood_threshold";
  model.add_input_with_default(out.threshold, judgement.thresholds());
  const std::string threshold = judgement.of_class(out.threshold);
  add(writer->node("Greater", {score, threshold}), "is_ood", type_bool);
  add(judgement.p_values(score), "ood_p_value", type_float);
  return out;
}

}  // namespace nescio::onnx
