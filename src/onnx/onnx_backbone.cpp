#include "onnx/onnx_backbone.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/half.h"
#include "base/parameters.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/typed_spec.h"
#include "base/usage.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/sha256.h"
#include "onnx/class_names.h"
#include "onnx/model.h"
#include "runtime/onnx_session.h"

namespace nescio::onnx {
namespace {

using image::Preprocessing;
using runtime::OnnxTensor;

struct Options : image::PreprocessingChanges {
  std::optional<std::string> features, logits, layout, classes;
  std::optional<std::int64_t> height, width, crop;
};

const std::vector<Parameter<image::PreprocessingChanges>>& parameters() {
  static const auto all = [] {
    const auto bind = [](auto member, ParameterInfo info) {
      return bind_parameter<image::PreprocessingChanges, Options>(member, std::move(info));
    };
    std::vector<Parameter<image::PreprocessingChanges>> out = {
        bind(&Options::features, {.name = "features", .doc = "tensor with the features"}),
        bind(&Options::logits, {.name = "logits", .doc = "tensor or output with the logits"}),
        bind(&Options::layout,
             {.name = "layout", .doc = "order of the input's sides", .choices = {"nchw", "nhwc"}}),
        bind(&Options::classes, {.name = "classes", .doc = "file of class names, a line each"}),
        bind(&Options::height,
             {.name = "height", .doc = "of the input", .unit = "pixels", .min = 1}),
        bind(&Options::width, {.name = "width", .doc = "of the input", .unit = "pixels", .min = 1}),
        bind(&Options::crop, {.name = "crop", .doc = "same as size", .unit = "pixels", .min = 1})};
    const auto& others = image::preprocessing_parameters();
    out.insert(out.end(), others.begin(), others.end());
    return out;
  }();
  return all;
}

/// The input that pictures go into.
struct PictureInput {
  OnnxTensor tensor;
  bool planes_last = false;                  // NHWC
  std::optional<std::size_t> height, width;  // none: any
  std::optional<std::size_t> planes, batch;

  static std::optional<std::size_t> side(const OnnxTensor& tensor, std::size_t i) {
    return tensor.shape[i] > 0 ? std::optional(static_cast<std::size_t>(tensor.shape[i]))
                               : std::nullopt;
  }
};

PictureInput picture_input(const runtime::OnnxSession& session, const Model& model,
                           const Options& options, const std::string& where) {
  const auto asked = model.inputs();  // those without a default
  std::vector<std::string> known;
  PictureInput out;
  for (const OnnxTensor& tensor : session.inputs()) {
    if (std::ranges::find(asked, tensor.name) == asked.end()) continue;
    known.push_back(text(printable(tensor.name), " ", to_string(tensor)));
    out.tensor = tensor;
  }
  const auto is_number = [](DType type) {
    return type == DType::float32 || type == DType::float16 || type == DType::uint8;
  };
  if (known.size() != 1 || out.tensor.shape.size() != 4 || !out.tensor.type ||
      !is_number(*out.tensor.type)) {
    fail(where,
         ": expected one input of pictures, float32, float16 or uint8 [N, channels, height, width] "
         "or [N, "
         "height, width, channels], found ",
         known.empty() ? "none" : join(known),
         "; other models are run elsewhere, and `nescio import` takes their logits and features");
  }
  const auto is_planes = [&](std::size_t i) {
    return out.tensor.shape[i] == 1 || out.tensor.shape[i] == 3;
  };
  out.planes_last = options.layout ? *options.layout == "nhwc" : !is_planes(1) && is_planes(3);
  out.batch = PictureInput::side(out.tensor, 0);
  out.planes = PictureInput::side(out.tensor, out.planes_last ? 3 : 1);
  out.height = PictureInput::side(out.tensor, out.planes_last ? 1 : 2);
  out.width = PictureInput::side(out.tensor, out.planes_last ? 2 : 3);
  if (out.planes && *out.planes != 1 && *out.planes != 3) {
    fail(where, ": the input '", printable(out.tensor.name), "' ", to_string(out.tensor), " has ",
         *out.planes, " channels as ", out.planes_last ? "nhwc" : "nchw",
         "; pictures have 1 or 3 (layout= says which side they are)");
  }
  return out;
}

/// From the options, the metadata and the input's shape.
Preprocessing preprocessing_of(const PictureInput& input, const Options& given,
                               const std::map<std::string, std::string>& metadata,
                               const std::string& where, Notices& notices) {
  Options options = given;
  if (options.crop && options.size && *options.crop != *options.size) {
    throw UsageError(text(where, ": size=", *options.size, " and crop=", *options.crop,
                          " are two names of one thing"));
  }
  if (options.crop) options.size = options.crop;
  Preprocessing p;
  const auto recorded = metadata.find("nescio.preprocessing");
  const bool bytes = input.tensor.type == DType::uint8;
  if (recorded != metadata.end()) {
    const std::string place = text(where, ": nescio.preprocessing");
    p = image::preprocessing_from_json(io::parse_json(recorded->second, place), place);
  } else {
    p.height = input.height.value_or(0);
    p.width = input.width.value_or(0);
    const std::size_t planes = input.planes.value_or(3);
    p.channels = planes == 1 ? "grey" : "rgb";
    if (options.channels == "grey" && !input.planes) p.channels = "grey";
    p.mean.assign(p.planes(), 0);
    p.std.assign(p.planes(), bytes ? 1.0 / 255 : 1);  // a byte reads the pixel itself
    if (!bytes && (!given.mean || !given.std)) {
      notices.push_back(
          text(where, ": the file does not say what its pixels go through; they are divided by 255",
               given.mean || given.std ? "" : " and nothing else",
               "; mean=, std=, short_side= and channels= say what the network was trained with"));
    }
  }
  p = image::changed(p, options);
  if (given.height) p.height = static_cast<std::size_t>(*given.height);
  if (given.width) p.width = static_cast<std::size_t>(*given.width);
  if (p.height == 0 || p.width == 0) {
    throw UsageError(text(
        where, ": the model reads pictures of any size; say which: size=, or height= and width="));
  }
  const auto check = [&](const char* what, std::size_t found, std::optional<std::size_t> expected) {
    if (expected && *expected != found)
      throw UsageError(text(where, ": ", what, ": the model reads ", *expected, ", found ", found));
  };
  check("height", p.height, input.height);
  check("width", p.width, input.width);
  check("channels", p.planes(), input.planes);
  as_usage([&] { image::Preprocessor{p}; });
  return p;
}

/// Rows of whatever shape as [B, anything] float32.
Array rows(const Array& array, bool places, const std::string& where, const std::string& name) {
  const Shape& shape = array.shape();
  const Array floats = array.to_float32();
  const std::size_t batch = shape.empty() ? 0 : shape[0];
  if (shape.size() < 2 || batch == 0 || array.empty()) {
    fail(where, ": '", printable(name), "' is ", to_string(shape),
         "; expected a row for each picture");
  }
  std::size_t behind = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) behind *= shape[i];
  if (behind == 1 || shape[1] == 1) return floats.reshape({batch, floats.size() / batch});
  if (!places || shape.size() != 4) {
    fail(where, ": '", printable(name), "' is ", to_string(shape),
         "; expected a row for each picture, [N, width]",
         places ? ", or maps [N, width, height, width], whose means are taken" : "");
  }
  std::vector<float> means(batch * shape[1]);
  const auto values = floats.as<float>();
  for (std::size_t i = 0; i < means.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < behind; ++k) sum += values[i * behind + k];
    means[i] = static_cast<float>(sum / static_cast<double>(behind));
  }
  return {{batch, shape[1]}, std::move(means)};
}

bool is_probability(std::span<const float> row) {
  double sum = 0;
  for (const float v : row) {
    if (!(v >= 0 && v <= 1.0001F)) return false;
    sum += v;
  }
  // Quantised ones do not sum to 1 exactly.
  return std::abs(sum - 1) < 0.02;
}

class OnnxBackbone final : public runtime::Backbone {
 public:
  explicit OnnxBackbone(std::string_view spec) {
    const TypedSpec parts = split_typed_spec(spec);
    const std::string path(parts.path);
    where_ = text("[onnx] ", printable(path));
    if (path.empty()) throw UsageError("[onnx] expected a file: model=onnx:FILE.onnx");
    Options options;
    as_usage([&] {
      set_parameters<image::PreprocessingChanges>(options, parameters(), "[onnx]", parts.options);
    });
    Model model{std::filesystem::path(path)};
    tensors_ = model.find({options.logits.value_or(""), options.features.value_or("")});
    if (tensors_.features.empty()) {
      fail(where_, ": the layer in front of '", printable(tensors_.logits),
           "' is no Gemm or MatMul; name the features with features=TENSOR, be it '",
           printable(tensors_.logits),
           "' itself where logits alone are to be scored. Before it lie ",
           model.before(tensors_.logits));
    }
    if (const std::string node = model.in_training(); !node.empty()) {
      notices_.push_back(text(where_, ": ", node,
                              " is in training mode, so answers change with the batch or by ",
                              "chance; write the model in evaluation mode"));
    }
    head_ = model.head(tensors_);
    outputs_ = model.outputs();
    features_ = model.side_by_side(tensors_.features);
    model.expose(tensors_.logits);
    model.expose(features_);
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    sha256_ = weights_sha256(path, model);
    const std::string bytes = model.bytes();
    session_.emplace(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()),
                     where_, folder.empty() ? "." : folder);
    input_ = picture_input(*session_, model, options, where_);
    preprocessing_ = preprocessing_of(input_, options, model.metadata(), where_, notices_);
    try_out();
    class_names_ = options.classes ? class_names_of_file(*options.classes, classes_)
                                   : class_names_of_metadata(model.metadata(), classes_);
  }

  nlohmann::json identity() const override {
    nlohmann::json tensors = {{"logits", tensors_.logits}, {"features", tensors_.features}};
    if (probabilities_) tensors["logarithm"] = true;
    return {{"network",
             text("onnx(logits=", tensors_.logits, ",features=", join(tensors_.features), ")")},
            {"tensors", tensors},
            {"weights_sha256", sha256_},
            {"preprocessing", image::to_json(preprocessing_)}};
  }
  const Preprocessing& preprocessing() const override { return preprocessing_; }
  const Notices& notices() const override { return notices_; }
  std::string device() const override { return "cpu"; }
  std::size_t classes() const override { return classes_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  std::size_t feature_width() const override { return width_; }
  std::optional<Head> head() const override { return head_; }
  std::vector<std::string> taps() const override { return outputs_; }

 private:
  runtime::BackboneOutputs run(std::span<const float> images,
                               const std::vector<std::string>& taps) const override {
    const std::size_t each = preprocessing_.planes() * preprocessing_.height * preprocessing_.width;
    const std::size_t count = images.size() / each, step = input_.batch.value_or(count);
    std::vector<std::string> asked = {tensors_.logits, features_};
    asked.insert(asked.end(), taps.begin(), taps.end());
    std::vector<std::vector<float>> values(asked.size());
    std::vector<Shape> shapes(asked.size());
    for (std::size_t first = 0; first < count; first += step) {
      const std::size_t there = std::min(step, count - first);
      const auto said = run_batch(images.subspan(first * each, there * each), step, asked);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const auto found = said[i].as<float>().first(there * said[i].cols());
        values[i].insert(values[i].end(), found.begin(), found.end());
        shapes[i] = said[i].shape();
        shapes[i][0] = count;
      }
    }
    if (probabilities_) {
      for (float& p : values[0]) p = std::log(std::max(p, std::numeric_limits<float>::min()));
    }
    std::vector<Array> arrays;
    for (std::size_t i = 0; i < asked.size(); ++i)
      arrays.emplace_back(shapes[i], std::move(values[i]));
    return {arrays[0], arrays[1], {arrays.begin() + 2, arrays.end()}};
  }

  /// These tensors of a batch that is filled up to `count` pictures: logits, features, then others.
  std::vector<Array> run_batch(std::span<const float> images, std::size_t count,
                               const std::vector<std::string>& asked) const {
    const std::size_t planes = preprocessing_.planes();
    const std::size_t places = preprocessing_.height * preprocessing_.width;
    std::vector<float> values(count * planes * places, 0.0F);
    if (!input_.planes_last) {
      std::ranges::copy(images, values.begin());
    } else {
      for (std::size_t i = 0; i < images.size(); ++i) {
        const std::size_t picture = i / (planes * places), plane = i / places % planes;
        values[(picture * places + i % places) * planes + plane] = images[i];
      }
    }
    const std::size_t h = preprocessing_.height, w = preprocessing_.width;
    const Shape shape =
        input_.planes_last ? Shape{count, h, w, planes} : Shape{count, planes, h, w};
    auto said = session_->run({{input_.tensor.name, as_input(shape, std::move(values))}}, asked);
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (i < 2) said[i] = rows(said[i], i == 1, where_, asked[i]);
      if (said[i].shape().empty() || said[i].rows() != count) {
        fail(where_, ": '", printable(asked[i]), "' is ", to_string(said[i].shape()), " for ",
             count, " pictures; expected a row for each");
      }
      said[i] = said[i].to_float32();
    }
    return said;
  }

  Array as_input(const Shape& shape, std::vector<float> values) const {
    if (*input_.tensor.type == DType::uint8) {
      std::vector<std::uint8_t> bytes(values.size());
      for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(std::lround(std::clamp(values[i], 0.0F, 255.0F)));
      return {shape, std::move(bytes)};
    }
    const Array floats(shape, std::move(values));
    return *input_.tensor.type == DType::float16 ? to_float16(floats) : floats;
  }

  /// Learns from pictures of noise what the graph does not say.
  void try_out() {
    const std::size_t each = preprocessing_.planes() * preprocessing_.height * preprocessing_.width;
    constexpr std::size_t pictures = 2;
    std::vector<float> noise(pictures * each);
    Rng rng(1);
    const image::Preprocessor pixels(preprocessing_);
    const std::size_t places = preprocessing_.height * preprocessing_.width;
    for (std::size_t i = 0; i < noise.size(); ++i)
      noise[i] = pixels.tables()[i / places % preprocessing_.planes()][rng.below(256)];
    const runtime::BackboneOutputs said = run(noise, {});
    classes_ = said.logits.cols();
    width_ = said.features.cols();
    if (classes_ < 2) {
      fail(where_, ": '", printable(tensors_.logits), "' has ", classes_,
           " value for each picture; a classifier has two classes or more");
    }
    check_head(said);
    const MatrixView z = said.logits.matrix();
    probabilities_ = is_probability({z.row(0), classes_}) && is_probability({z.row(1), classes_});
    if (probabilities_) {
      head_.reset();
      notices_.push_back(text(where_, ": '", printable(tensors_.logits),
                              "' are probabilities; their logarithm stands for the logits"));
    }
  }

  /// Keeps the head only where the network agrees with it.
  void check_head(const runtime::BackboneOutputs& said) {
    if (!head_) return;
    const bool fits = head_->weight.rows() == classes_ && head_->weight.cols() == width_;
    double apart = 0, largest = 1e-6;
    const MatrixView h = said.features.matrix(), z = said.logits.matrix();
    for (std::size_t r = 0; fits && r < h.rows; ++r) {
      for (std::size_t c = 0; c < classes_; ++c) {
        double sum = head_->bias.as<float>()[c], size = std::abs(sum);
        for (std::size_t d = 0; d < width_; ++d) {
          const double term = double{h.row(r)[d]} * head_->weight.as<float>()[c * width_ + d];
          sum += term;
          size += std::abs(term);
        }
        apart = std::max(apart, std::abs(sum - z.row(r)[c]));
        largest = std::max(largest, size);
      }
    }
    // float16 networks round to 1e-3 of what they sum; in eight bits what is out of the range of calibration is cut off, too.
    const double allowed = tensors_.rounded ? 0.1 : 2e-3;
    if (fits && apart <= allowed * largest) return;
    head_.reset();
    notices_.push_back(text(where_, ": '", printable(tensors_.logits),
                            "' is not the linear function of '", printable(features_),
                            "' that the graph seems to hold; the network is taken without a head"));
  }

  std::string where_, sha256_;
  Tensors tensors_;
  std::string features_;  // the tensor of them
  std::optional<runtime::OnnxSession> session_;
  PictureInput input_;
  Preprocessing preprocessing_;
  Notices notices_;
  std::size_t classes_ = 0, width_ = 0;
  bool probabilities_ = false;
  std::optional<Head> head_;
  std::vector<std::string> class_names_, outputs_;
};

}  // namespace

std::string weights_sha256(const std::filesystem::path& path, const Model& model) {
  std::string all = io::sha256(io::map_file(path).text());
  const auto files = model.external_sha256();
  for (const std::string& file : files) all += file;
  return files.empty() ? all : io::sha256(all);
}

Where as_extracted(Where where, const nlohmann::json& identity, const Model& model) {
  const auto tensors = identity.is_object() ? identity.find("tensors") : identity.end();
  if (tensors == identity.end() || !tensors->is_object()) return where;
  const auto said = [&](const char* key) {
    const auto found = tensors->find(key);
    return found == tensors->end() ? nlohmann::json() : *found;
  };
  const nlohmann::json logits = said("logits"), features = said("features");
  const auto take = [&](const nlohmann::json& tensor, std::string& into) {
    if (into.empty() && tensor.is_string() && model.has(tensor)) into = tensor;
  };
  take(logits, where.logits);
  if (features.is_array() && features.size() == 1) take(features[0], where.features);
  where.logarithm = where.logits == logits && said("logarithm") == true;
  return where;
}

std::unique_ptr<runtime::Backbone> load_onnx_backbone(std::string_view spec,
                                                      std::string_view device) {
  if (device != "auto" && device != "cpu") {
    throw UsageError(text(
        "[onnx] ONNX models run on the CPU here: expected device=auto or cpu, found ", device));
  }
  return std::make_unique<OnnxBackbone>(spec);
}

}  // namespace nescio::onnx
