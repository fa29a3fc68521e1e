#include "train/method.h"

#include <algorithm>

#include "base/arguments.h"
#include "base/find_entry.h"
#include "base/usage.h"
#include "base/within.h"

namespace nescio::train {
namespace {

struct Member {
  const MethodInfo* info;
  std::shared_ptr<TrainingMethod> method;

  bool is(MethodRole role) const { return info->role == role; }
  std::string where() const { return "[" + info->name + "] "; }
};

/// The column of a loss beside terms.
std::string logged_as(const MethodInfo& info) {
  return info.name == "cross_entropy" ? "ce" : info.name;
}

/// What all methods of a sum do, one after the other.
class Sum final : public TrainingMethod {
 public:
  explicit Sum(std::vector<Member> members) : members_(std::move(members)) {
    for (const Member& member : members_) {
      register_module(member.info->name, member.method);
      has_terms_ |= member.is(MethodRole::term);
      reads_outliers_ |= member.info->needs.outlier_logits;
    }
  }

  Draws draw(const StepFacts& facts) override {
    Draws all;
    for (const Member& member : members_) {
      for (auto& [name, drawn] : member.method->draw(facts)) {
        all.emplace(member.info->name + "." + name, std::move(drawn));
      }
    }
    return all;
  }

  void prepare(TrainingStep& step) const override {
    for (const Member& member : members_) member.method->prepare(step);
  }

  torch::Tensor loss(TrainingStep& step) override {
    if (members_[0].is(MethodRole::whole)) return members_[0].method->loss(step);
    look(step);
    torch::Tensor sum;
    for (const Member& member : members_) {
      if (member.is(MethodRole::change)) continue;
      const torch::Tensor value = member.method->loss(step);
      if (member.is(MethodRole::loss) && has_terms_) step.term(logged_as(*member.info), value);
      sum = sum.defined() ? sum + value : value;
    }
    return sum;
  }

  void before_update(nn::Network& network) override {
    for (const Member& member : members_) member.method->before_update(network);
  }

  void after_update(nn::Network& network) override {
    for (const Member& member : members_) member.method->after_update(network);
  }

  MethodNeeds needs() const override {
    MethodNeeds all{.labels = false};
    for (const Member& member : members_) {
      const MethodNeeds& needs = member.info->needs;
      const bool changes = member.is(MethodRole::change);
      all.labels |= needs.labels && !changes;
      all.teacher |= needs.teacher;
      all.whole_answers |= needs.whole_answers;
      all.views = std::max(all.views, needs.views);
      all.mixes |= needs.mixes;
      all.weighs |= needs.weighs;
      all.outliers |= needs.outliers;
      all.outlier_logits |= needs.outlier_logits;
    }
    all.weighs &= !all.mixes;
    return all;
  }
  bool repeats() const override {
    return std::ranges::all_of(members_, [](const Member& m) { return m.info->repeats; });
  }
  bool needs_whole_batch() const override {
    return std::ranges::any_of(members_,
                               [](const Member& m) { return m.method->needs_whole_batch(); });
  }
  bool joint_forward() const override {
    return std::ranges::all_of(members_, [](const Member& m) { return m.method->joint_forward(); });
  }
  bool trains(const std::string& parameter) const override {
    return std::ranges::all_of(members_,
                               [&](const Member& m) { return m.method->trains(parameter); });
  }
  bool wants_gradient(const std::string& parameter) const override {
    return std::ranges::any_of(
        members_, [&](const Member& m) { return m.method->wants_gradient(parameter); });
  }
  Notices remarks(std::int64_t steps, std::int64_t per_epoch) const override {
    Notices all;
    for (const Member& member : members_) {
      for (const std::string& remark : member.method->remarks(steps, per_epoch)) {
        all.push_back(member.where() + remark);
      }
    }
    return all;
  }

  void on_make(const MadeFor& made_for) override {
    for (const Member& member : members_) {
      within(member.where(), [&] { member.method->on_make(made_for); });
    }
  }
  void on_fresh_start(const RunStart& start) override {
    for (const Member& member : members_) {
      within(member.where(), [&] { member.method->on_fresh_start(start); });
    }
  }
  Notices closing_remarks() const override {
    Notices all;
    for (const Member& member : members_) {
      for (const std::string& remark : member.method->closing_remarks()) {
        all.push_back(member.where() + remark);
      }
    }
    return all;
  }
  void set_mode(nn::Network& network) const override {
    // The loss first: changes have the last word.
    for (const bool changes : {false, true}) {
      for (const Member& member : members_) {
        if (member.is(MethodRole::change) == changes) member.method->set_mode(network);
      }
    }
  }
  torch::Tensor predict(nn::Network& network, const torch::Tensor& images) const override {
    return main().predict(network, images);
  }
  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor& labels) const override {
    return main().measures(network, images, labels);
  }
  Choice chosen_by() const override { return main().chosen_by(); }
  std::optional<Reconstruction> reconstruct(nn::Network& network,
                                            const torch::Tensor& images) const override {
    return main().reconstruct(network, images);
  }
  std::map<std::string, torch::Tensor> exported(const nn::Network& network) const override {
    return main().exported(network);
  }
  std::map<std::string, std::map<std::string, torch::Tensor>> further_files(
      const nn::Network& network) const override {
    std::map<std::string, std::map<std::string, torch::Tensor>> all;
    for (const Member& member : members_) all.merge(member.method->further_files(network));
    return all;
  }

 private:
  /// What the network says about the pictures, and about outliers if a term wants to know.
  void look(TrainingStep& step) const {
    if (reads_outliers_ && joint_forward()) {
      const auto said = step.joint_forward({step.images, step.outliers});
      step.logits = said[0].logits;
      step.features = said[0].features;
      step.outlier_logits = said[1].logits;
      return;
    }
    const nn::NetworkOutputs said = step.forward(step.images);
    step.logits = said.logits;
    step.features = said.features;
    if (reads_outliers_) step.outlier_logits = step.forward(step.outliers).logits;
  }

  /// The one that knows what the network is for.
  const TrainingMethod& main() const {
    const auto found = std::ranges::find_if(members_, [](const Member& m) {
      return m.is(MethodRole::loss) || m.is(MethodRole::whole);
    });
    return *found->method;
  }

  std::vector<Member> members_;
  bool has_terms_ = false, reads_outliers_ = false;
};

/// Error unless the methods make sense together.
void check_sum(std::string_view source, const std::vector<const MethodInfo*>& infos) {
  const MethodInfo* loss = nullptr;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const MethodInfo& info = *infos[i];
    if (std::find(infos.begin(), infos.begin() + static_cast<std::ptrdiff_t>(i), infos[i]) !=
        infos.begin() + static_cast<std::ptrdiff_t>(i)) {
      fail_usage("[", source, "] ", info.name, " stands there twice");
    }
    if (info.role == MethodRole::whole && infos.size() > 1) {
      fail_usage("[", source, "] ", info.name, " has all its terms and stands alone");
    }
    for (const MethodInfo* other : infos) {
      if (!info.needs.own_class || !other->needs.mixes) continue;
      fail_usage("[", source, "] ", info.name, " wants every picture to be of one class, and ",
                 other->name, " mixes them");
    }
    for (const MethodInfo* other : infos) {
      if (!info.needs.teacher || info.needs.mixes_answers || !other->needs.mixes) continue;
      fail_usage("[", source, "] ", info.name,
                 " reads what a teacher said about each picture, and ", other->name, " mixes them");
    }
    if (info.role != MethodRole::loss) continue;
    if (loss) {
      fail_usage("[", source, "] expected one loss, found ", loss->name, " and ", info.name);
    }
    loss = &info;
  }
}

}  // namespace

std::string_view in_words(MethodRole role) {
  switch (role) {
    case MethodRole::loss: return "loss";
    case MethodRole::term: return "term, added to a loss";
    case MethodRole::change: return "change of the batch or the network, before a loss";
    case MethodRole::whole: return "whole, stands alone";
  }
  return "";
}

const MethodInfo& find_method(std::string_view name) {
  std::vector<std::string> aliases;
  for (const MethodInfo& info : methods::catalogue()) {
    if (std::ranges::find(info.aliases, name) != info.aliases.end()) return info;
    aliases.insert(aliases.end(), info.aliases.begin(), info.aliases.end());
  }
  return as_usage([&]() -> auto& {
    return find_entry(methods::catalogue(), name, "training method", aliases);
  });
}

std::shared_ptr<TrainingMethod> make_method(std::string_view source) {
  const Spec spec = as_usage([&] { return parse_spec(source); });
  std::vector<const MethodInfo*> infos;
  for (const Term& term : spec.terms) infos.push_back(&find_method(term.name));
  check_sum(source, infos);
  std::vector<Member> members;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const MethodInfo& info = *infos[i];
    members.push_back({&info, info.make()});
    as_usage([&] {
      set_arguments(*members[i].method, info.parameters, "[" + info.name + "]", spec.terms[i]);
    });
  }
  const auto has_loss = [](const Member& m) {
    return m.is(MethodRole::loss) || m.is(MethodRole::whole);
  };
  if (std::ranges::none_of(members, has_loss)) {
    const MethodInfo& plain = find_method("cross_entropy");
    members.push_back({&plain, plain.make()});
  }
  // Changes first, the loss before its terms: their order in a row of the metrics.
  std::ranges::stable_sort(members, {}, [](const Member& m) {
    return m.is(MethodRole::change) ? 0 : m.is(MethodRole::term) ? 2 : 1;
  });
  return std::make_shared<Sum>(std::move(members));
}

}  // namespace nescio::train
