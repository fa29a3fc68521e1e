#include "cli/network_part.h"

#include <iomanip>
#include <ostream>
#include <sstream>
#include <utility>

#include "base/memory.h"
#include "base/text.h"
#include "cli_torch/extraction.h"
#include "extract/probe.h"
#include "nn/model.h"
#include "train/method_info.h"

namespace nescio {
namespace {

std::string list(const std::vector<double>& values) {
  std::vector<std::string> digits;
  for (const double value : values) {
    std::ostringstream out;
    out << std::setprecision(4) << value;
    digits.push_back(out.str());
  }
  return join(digits);
}

std::string input_text(const Preprocessing& p) {
  const std::string size = text(p.height, " x ", p.width);
  const std::string cut = p.short_side == 0 ? text("resized to ", size, " (", p.resize, ")")
                                            : text("short side ", p.short_side, " (", p.resize,
                                                   "), ", size, " of the centre");
  return text(cut, ", ", p.channels, " / 255, mean ", list(p.mean), ", std ", list(p.std));
}

Description describe(const NetworkInfo& info) {
  Description d{"model", info.name, info.summary};
  d.fact("usage", info.name + ":PATH[?key=value&...]");
  d.fact("paper", info.paper);
  d.fact("weights", info.weights);
  d.fact("classes", text(info.classes, ", or as many as the weights have"));
  d.fact("input", input_text(info.preprocessing));
  std::vector<std::string> others;
  for (const OtherNames& other : info.also_reads) {
    others.push_back(text(other.source, "; input: ", input_text(other.preprocessing)));
  }
  d.fact("also reads", others);
  if (!info.linear_head) {
    d.fact("head",
           "none: the logits are not linear in the features, so detectors that need the "
           "head are skipped");
  }
  d.parameters = in_words(preprocessing_parameters());
  return d;
}

class TorchBackbone final : public Backbone {
 public:
  explicit TorchBackbone(Model model) : model_(std::move(model)) {}

  std::size_t classes() const override { return model_.classes(); }
  const Preprocessing& preprocessing() const override { return model_.preprocessing(); }
  nlohmann::json identity() const override { return identity_of(model_); }
  BackboneOutputs forward(std::span<const float> images) const override {
    ModelOutputs said = model_.forward(images);
    return {std::move(said.logits), std::move(said.features)};
  }
  std::optional<double> extract(const Dataset& dataset, const std::string& spec, FeatureBank& bank,
                                const std::string& split, const ExtractionSettings& settings,
                                const Console& console) const override {
    Extracted done = nescio::extract(model_, dataset, spec, bank, split,
                                     extract_options(settings, console.progress));
    const auto accuracy = std::exchange(done.accuracy, std::nullopt);  // the caller knows its worth
    say_what_was_there(done, bank, split, console.log);
    if (!done.was_there) say_rows(done, split, console.log);
    return accuracy;
  }

 private:
  Model model_;
};

Description describe(const MethodInfo& info) {
  Description d{"training method", info.name, info.summary};
  d.fact("formula", info.formula);
  d.fact("paper", info.paper);
  d.fact("needs", text(info.needs.labels ? "labels" : "pictures alone",
                       info.needs.outliers ? ", outliers" : ""));
  d.parameters = in_words(info.parameters);
  return d;
}

Description describe(const ProbeInfo& info) {
  Description d{"probe", info.name, info.summary};
  d.fact("formula", info.formula);
  d.fact("paper", info.paper);
  d.fact("adds", text("the array '", info.name, "': ", info.array));
  d.parameters = in_words(info.parameters);
  return d;
}

template <class Info>
std::vector<Description> describe_all(const std::vector<Info>& catalogue) {
  std::vector<Description> descriptions;
  for (const Info& info : catalogue) descriptions.push_back(describe(info));
  return descriptions;
}

}  // namespace

std::string libtorch_version() { return torch_version(); }

std::optional<std::vector<Description>> describe_networks() {
  return describe_all(networks::catalogue());
}

std::optional<std::vector<Description>> describe_methods() {
  return describe_all(methods::catalogue());
}

std::optional<std::vector<Description>> describe_probes() {
  return describe_all(probes::catalogue());
}

std::unique_ptr<Backbone> load_backbone(const std::string& model, const std::string& device) {
  keep_freed_memory();
  return std::make_unique<TorchBackbone>(Model::load(model, device));
}

}  // namespace nescio
