#include "nn/model_source.h"

#include <algorithm>

#include "base/typed_spec.h"
#include "base/usage.h"
#include "base/within.h"
#include "io/array_file.h"
#include "io/json_file.h"
#include "io/sha256.h"
#include "nn/chosen_weights.h"

namespace nescio::nn {
namespace {

/// What may stand behind the '?' of a model.
struct ModelOptions : image::PreprocessingChanges {
  std::optional<std::string> key, prefix, precision;
  bool cuda_graphs = false;
};

/// The network with the parameters that the metadata of the file says. Error if it belongs to another
/// one.
DesignedNetwork recorded_network(const DesignedNetwork& asked, const Weights& weights,
                                 std::string_view where) {
  const auto entry = weights.metadata.find("nescio.network");
  if (entry == weights.metadata.end()) return asked;
  const std::string& says = entry->second;
  if (says.substr(0, says.find('(')) != asked.info->name) {
    fail(where, ": expected weights of ", asked.info->name,
         ", the file says that they are those of ", says, "; use model=", says, ":PATH");
  }
  try {
    return design_network(says);
  } catch (const UsageError& e) {  // nobody typed it
    fail(where, ": nescio.network: ", e.what());
  }
}

/// The preprocessing that the file records, or `otherwise`.
image::Preprocessing recorded_preprocessing(const Weights& weights,
                                            const image::Preprocessing& otherwise,
                                            std::string_view where) {
  const auto entry = weights.metadata.find("nescio.preprocessing");
  if (entry == weights.metadata.end()) return otherwise;
  return image::preprocessing_from_json(io::parse_json(entry->second, where), where);
}

/// What the network's classes are called: "nescio.class_names", a list of texts.
std::vector<std::string> recorded_class_names(const Weights& weights, std::string_view where) {
  const auto entry = weights.metadata.find("nescio.class_names");
  if (entry == weights.metadata.end()) return {};
  const nlohmann::json names = io::parse_json(entry->second, where);
  std::vector<std::string> out;
  for (const nlohmann::json& name : names) {
    if (!names.is_array() || !name.is_string()) {
      fail(where, ": nescio.class_names: expected a list of texts, found ", entry->second);
    }
    out.push_back(name.get<std::string>());
  }
  return out;
}

/// Error unless the last layer, where there is one, has as many classes as are named.
void check_class_names(const ModelSource& source) {
  const std::size_t named = source.class_names.size();
  const auto head = source.tensors.find(source.network.info->head + ".bias");
  if (named == 0 || head == source.tensors.end() || head->second.size() == named) return;
  fail(source.where(), ": it names ", named, " classes and its last layer has ",
       head->second.size());
}

void check_preprocessing(const NetworkInfo& info, const image::Preprocessing& p,
                         std::string_view where) {
  if (p.planes() != info.preprocessing.planes()) {
    fail(where, ": channels: the network reads ", info.preprocessing.channels, ", found ",
         p.channels);
  }
  within(text(where, ": "), [&] { image::Preprocessor{p}; });
  if (std::min(p.height, p.width) < info.min_side) {
    fail(where, ": size: expected at least ", info.min_side, ", found ", p.height, " x ", p.width);
  }
  if (std::max(p.height, p.width) > info.max_side) {
    fail(where, ": size: expected at most ", info.max_side, ", found ", p.height, " x ", p.width);
  }
}

}  // namespace

std::string ModelSource::where() const {
  return text("[", network.name(), "]", path.empty() ? "" : " ", path);
}

const std::vector<Parameter<image::PreprocessingChanges>>& model_parameters() {
  static const auto all = [] {
    const auto bind = [](auto member, ParameterInfo info) {
      return bind_parameter<image::PreprocessingChanges, ModelOptions>(member, std::move(info));
    };
    std::vector<Parameter<image::PreprocessingChanges>> parameters = {
        bind(&ModelOptions::key,
             {.name = "key", .doc = "the dictionary of the file, where it holds several"}),
        bind(&ModelOptions::prefix,
             {.name = "prefix", .doc = "what stands before the names of the weights"}),
        bind(&ModelOptions::precision, {.name = "precision",
                                        .doc = "what passes compute in where no gradients are "
                                               "asked for: tf32, products of ten bits on a GPU, "
                                               "or bfloat16; what they say is float32",
                                        .choices = {"float32", "tf32", "bfloat16"}}),
        bind(&ModelOptions::cuda_graphs,
             {.name = "cuda_graphs",
              .doc = "on a CUDA device record such a pass once and play it again"})};
    const auto& others = image::preprocessing_parameters();
    parameters.insert(parameters.end(), others.begin(), others.end());
    return parameters;
  }();
  return all;
}

ModelSource read_model_source(std::string_view spec) {
  const TypedSpec parts = split_typed_spec(spec);
  ModelSource source;
  source.network = design_network(parts.type);
  const NetworkInfo& info = *source.network.info;
  ModelOptions options;
  as_usage([&] {
    set_parameters<image::PreprocessingChanges>(options, model_parameters(),
                                                text("[", info.name, "]"), parts.options);
  });
  source.preprocessing = source.network.design->input(info.preprocessing);
  if (!parts.path.empty()) {
    const io::ArrayPlace place = io::array_place(parts.path);
    source.path = place.file;
    if (place.member) options.key = place.member;
    const Weights weights = read_weights(source.path);
    source.sha256 = weights.sha256;
    const DesignedNetwork recorded = recorded_network(source.network, weights, source.where());
    const bool takes_recorded = parts.type.find('(') == std::string_view::npos;
    if (takes_recorded && recorded.name() != source.network.name()) {
      source.notices.push_back(
          text(source.where(), ": the file says ", recorded.name(), ", so that is the network"));
      source.network = recorded;
    }
    const auto expected = [](const DesignedNetwork& network, std::int64_t classes) {
      return expected_tensors(network, classes);
    };
    ChosenWeights chosen = choose_weights(source.network, weights, {options.key, options.prefix},
                                          expected, source.where());
    source.tensors = std::move(chosen.own.tensors);
    for (std::string& notice : chosen.notices) source.notices.push_back(std::move(notice));
    if (!chosen.part.empty()) source.sha256 = io::sha256(text(weights.sha256, "?", chosen.part));
    source.preprocessing = recorded_preprocessing(
        weights, source.network.design->input(chosen.own.preprocessing), source.where());
    source.class_names = recorded_class_names(weights, source.where());
    check_class_names(source);
  }
  source.precision = options.precision;
  source.cuda_graphs = options.cuda_graphs;
  source.preprocessing = image::changed(source.preprocessing, options);
  const auto check = [&] { check_preprocessing(info, source.preprocessing, source.where()); };
  parts.options.empty() ? check() : as_usage(check);
  return source;
}

}  // namespace nescio::nn
