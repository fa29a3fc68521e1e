#include "train/method.h"

#include "base/arguments.h"
#include "base/usage.h"
#include "nn/autocast.h"

namespace nescio::train {

nn::NetworkOutputs TrainingStep::forward(const torch::Tensor& pictures, nn::Network& made_of_it) {
  rows += pictures.size(0);
  return bfloat16 ? nn::forward_in_bfloat16(made_of_it, pictures) : made_of_it.forward(pictures);
}

std::vector<torch::Tensor> TrainingStep::joint_logits(const std::vector<torch::Tensor>& groups) {
  std::vector<std::int64_t> sizes;
  for (const torch::Tensor& group : groups) sizes.push_back(group.size(0));
  return forward(torch::cat(groups)).logits.split_with_sizes(sizes);
}

torch::Tensor TrainingStep::term(const std::string& name, const torch::Tensor& value) {
  terms.emplace_back(name, value.detach());
  return value;
}

const MethodInfo& find_method(std::string_view name) {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods::catalogue()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  fail_usage("unknown training method '", name, "'.", suggest(name, names));
}

std::shared_ptr<TrainingMethod> make_method(std::string_view source) {
  const Spec spec = as_usage([&] { return parse_spec(source); });
  if (spec.terms.size() != 1) {
    fail_usage("training method '", source, "': expected one, found ", spec.terms.size(),
               " joined with '+'");
  }
  const MethodInfo& info = find_method(spec.terms[0].name);
  auto method = info.make();
  as_usage([&] { set_arguments(*method, info.parameters, "[" + info.name + "]", spec.terms[0]); });
  return method;
}

}  // namespace nescio::train
