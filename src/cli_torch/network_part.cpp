#include "cli/network_part.h"

#include <ostream>
#include <string_view>
#include <utility>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/text.h"
#include "cli_torch/network_verbs.h"
#include "expr_torch/torch_executor.h"
#include "nn/chosen_weights.h"
#include "nn/model.h"
#include "nn/model_source.h"
#include "train/method_info.h"

namespace nescio::cli {
namespace {

std::string list(const std::vector<double>& values) {
  std::vector<std::string> digits;
  for (const double value : values) digits.push_back(short_number(value));
  return join(digits);
}

std::string input_text(const image::Preprocessing& p) {
  const std::string size = text(p.height, " x ", p.width);
  const std::string cut = p.short_side == 0 ? text("resized to ", size, " (", p.resize, ")")
                                            : text("short side ", p.short_side, " (", p.resize,
                                                   "), ", size, " of the centre");
  return text(cut, ", ", p.channels, " / 255, mean ", list(p.mean), ", std ", list(p.std));
}

Description describe(const nn::NetworkInfo& info) {
  Description d{"model", info.name, info.summary};
  std::vector<std::string> usage = {info.name + ":PATH[?key=value&...]"};
  if (!info.parameters.empty()) {
    usage.push_back(info.name + "(key=value,...):PATH[?key=value&...]");
  }
  d.fact("usage", usage);
  d.fact("paper", info.paper);
  d.fact("weights", info.weights);
  d.fact("classes", text(info.classes, ", or as many as the weights have"));
  d.fact("input", input_text(info.preprocessing));
  std::vector<std::string> others;
  for (const nn::Adapter& other : info.also_reads) {
    others.push_back(text(other.source, "; input: ", input_text(other.preprocessing)));
  }
  d.fact("also reads", others);
  if (!info.linear_head) {
    d.fact("head",
           "none: the logits are not linear in the features, so detectors that need the "
           "head are skipped");
  }
  d.parameters = in_words(info.parameters);
  d.options = in_words(nn::model_parameters());
  return d;
}

Description describe(const train::MethodInfo& info) {
  Description d{"training method", info.name, info.summary};
  d.fact("formula", info.formula);
  d.fact("paper", info.paper);
  d.fact("also called", join(info.aliases));
  d.aliases = info.aliases;
  d.fact("in a sum", std::string(train::in_words(info.role)));
  d.fact("needs", text(info.needs.labels ? "labels" : "pictures alone",
                       info.needs.outliers ? ", outliers" : ""));
  d.parameters = in_words(info.parameters);
  return d;
}

template <class Info>
std::vector<Description> describe_all(const std::vector<Info>& catalogue) {
  std::vector<Description> descriptions;
  for (const Info& info : catalogue) descriptions.push_back(describe(info));
  return descriptions;
}

class Part final : public NetworkPart {
 public:
  std::string libtorch_version() const override { return nn::torch_version(); }
  std::vector<Description> networks() const override {
    return describe_all(nn::networks::catalogue());
  }
  std::vector<Description> methods() const override {
    return describe_all(train::methods::catalogue());
  }
  const std::vector<VerbInfo>& verbs() const override { return network_verbs::catalogue(); }
  std::vector<std::string> fitting_networks(const io::StoredArrays& weights) const override {
    const nn::Weights file{.groups = weights.groups, .metadata = weights.metadata, .sha256 = {}};
    const auto expected = [](const nn::DesignedNetwork& network, std::int64_t classes) {
      return nn::expected_tensors(network, classes);
    };
    std::vector<std::string> names;
    for (const nn::NetworkInfo& info : nn::networks::catalogue()) {
      if (nn::fits({&info, info.design()}, file, expected)) names.push_back(info.name);
    }
    return names;
  }
  std::unique_ptr<runtime::Backbone> load_backbone(const std::string& model,
                                                   const std::string& device) const override {
    keep_freed_memory();
    return std::make_unique<nn::Model>(nn::Model::load(model, device));
  }
  expr::Executor executor(const std::string& device) const override {
    return expr::torch_executor(device);
  }
};

}  // namespace
}  // namespace nescio::cli

/// What the program asks for when it has loaded this file; null if it is of another version.
extern "C" const nescio::cli::NetworkPart* nescio_network_part(const char* program_version) {
  static const nescio::cli::Part part;
  return std::string_view(program_version) == NESCIO_VERSION ? &part : nullptr;
}
