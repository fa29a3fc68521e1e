#include "detectors/chain.h"

#include <algorithm>

#include "base/arguments.h"
#include "base/within.h"
#include "detectors/combinator.h"

namespace nescio::detectors {
namespace {

template <class Base>
Base& as(const std::unique_ptr<Stage>& stage) {
  return static_cast<Base&>(*stage);
}

// A stage before may have put other features in the place of those that the head reads.
void check_head(const std::string& name, const Needs& needs, const Inputs& given,
                const Inputs& in) {
  if (!needs.head || !needs.features || in.head || !given.head) return;
  fail(name,
       " needs features that the last layer of the network reads, and these are of another "
       "place; use a detector of features alone, as mahalanobis or knn");
}

}  // namespace

std::vector<Chain>* Chain::Link::members() const {
  return info->combinator ? &as<Combinator>(stage).members : nullptr;
}

Chain::Chain(std::string_view source) {
  const Spec spec = parse_spec(source);
  spec_ = print(spec);
  for (Term term : spec.terms) {
    Link link{&detectors::find(term.name), nullptr};
    link.stage = link.info->make();
    if (link.info->combinator) {
      for (const Spec& member : take_members(term)) link.members()->emplace_back(print(member));
    }
    set_arguments(*link.stage, link.info->parameters, "[" + spec_ + "]", term);
    if (link.info->combinator) {
      within("[" + spec_ + "] ", [&] { as<Combinator>(link.stage).check(); });
    }
    links_.push_back(std::move(link));
  }
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const bool last = i + 1 == links_.size();
    if (last && links_[i].info->shaper) {
      fail("[", spec_, "] ", links_[i].info->name,
           " changes the inputs of a detector; put one behind it: ", spec_, "+energy");
    }
    if (!last && !links_[i].info->shaper) {
      fail("[", spec_, "] ", links_[i].info->name, " is a detector and can only stand last");
    }
  }
  const Needs last = links_.back().stage->needs();
  if (links_.size() > 1 && !last.logits && !last.features) {
    const std::string& name = links_.back().info->name;
    fail("[", spec_, "] ", links_.front().info->name, " changes logits and features, but ", name,
         " reads neither, only the array ", join(last.arrays),
         ", which a pass of its own over the network made; use ", name, " alone");
  }
}

Needs Chain::needs() const {
  Needs all;
  for (const Link& link : links_) all = all + link.stage->needs();
  return all;
}

std::vector<std::string> Chain::fits_on() const {
  std::vector<std::string> roles;
  for (const Link& link : links_) {
    for (const std::string& role : link.stage->fits_on()) {
      if (std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
    }
  }
  return roles;
}

bool Chain::fits_on(std::string_view role) const {
  const auto roles = fits_on();
  return std::ranges::find(roles, role) != roles.end();
}

void Chain::check_inputs(const Inputs& in) const {
  const Needs need = needs();
  if (need.logits && !in.logits) fail("[", spec_, "] needs logits, which the bank has not");
  if (need.features && !in.features) fail("[", spec_, "] needs features, which the bank has not");
  if (need.head && !in.head) {
    fail("[", spec_, "] needs the head (W, b), which the bank has not; import it with ",
         "head_weight=W.npy head_bias=b.npy");
  }
  within("[" + spec_ + "] ", [&] {
    for (const std::string& name : need.arrays) in.array(name);
  });
}

void Chain::fit(const Inputs& inputs, const FitData& data) {
  check_inputs(inputs);
  Inputs in = inputs;
  for (Link& link : links_) {
    link.stage->notices.clear();
    within("[" + spec_ + "] ", [&] {
      check_head(link.info->name, link.stage->needs(), inputs, in);
      if (!link.stage->fits_on().empty()) link.stage->fit(in, data);
      if (link.info->shaper) in = as<Shaper>(link.stage).shape(in);
    });
  }
  fitted_ = true;
}

Notices Chain::notices() const {
  Notices all;
  for (const Link& link : links_) {
    for (const std::string& notice : link.stage->notices) {
      all.push_back(text("[", spec_, "] ", notice));
    }
  }
  return all;
}

Expr Chain::score_without(std::size_t left_out, const Inputs& inputs) const {
  Inputs in = inputs;
  for (std::size_t i = 0; i + 1 < links_.size(); ++i) {
    check_head(links_[i].info->name, links_[i].stage->needs(), inputs, in);
    if (i != left_out) in = as<Shaper>(links_[i].stage).shape(in);
  }
  check_head(links_.back().info->name, links_.back().stage->needs(), inputs, in);
  return as<Detector>(links_.back().stage).score(in);
}

Expr Chain::score(const Inputs& inputs) const {
  check_inputs(inputs);
  if (!fitted_ && !fits_on().empty()) {
    fail("[", spec_, "] must be fitted before it can score");
  }
  return within("[" + spec_ + "] ", [&] {
    const Expr score = score_without(links_.size(), inputs);
    // Where values of another width stand without a stage, what was learned does not even fit them.
    const auto same_without = [&](std::size_t stage) {
      try {
        return score_without(stage, inputs).id() == score.id();
      } catch (const Error&) {
        return false;
      }
    };
    for (std::size_t i = 0; i + 1 < links_.size(); ++i) {
      if (!same_without(i)) continue;
      fail(links_[i].info->name, " changes nothing that ", links_.back().info->name,
           " reads with these parameters: a factor of a whole row, for one, is lost where rows are "
           "scaled to unit length (normalize=true). The scores would be those without ",
           links_[i].info->name);
    }
    return score;
  });
}

std::map<std::string, Array> Chain::learned() const {
  std::map<std::string, Array> arrays;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const LearnedArray& array : links_[i].info->learned) {
      Array value = array.get(*links_[i].stage);
      if (array.sometimes && value.empty()) continue;
      arrays.emplace(text(i, ".", array.name), std::move(value));
    }
    const auto* members = links_[i].members();
    for (std::size_t m = 0; members && m < members->size(); ++m) {
      for (auto& [name, array] : (*members)[m].learned()) {
        arrays.emplace(text(i, ".", m, ".", name), array);
      }
    }
  }
  return arrays;
}

void Chain::load(const std::map<std::string, Array>& arrays) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const LearnedArray& array : links_[i].info->learned) {
      const std::string name = text(i, ".", array.name);
      const auto found = arrays.find(name);
      if (found == arrays.end() && array.sometimes) continue;
      if (found == arrays.end()) fail("[", spec_, "] the saved detector lacks '", name, "'");
      within(text("[", spec_, "] ", name, ": "),
             [&] { array.set(*links_[i].stage, found->second); });
    }
    auto* members = links_[i].members();
    for (std::size_t m = 0; members && m < members->size(); ++m) {
      std::map<std::string, Array> own;
      const std::string prefix = text(i, ".", m, ".");
      for (const auto& [name, array] : arrays) {
        if (name.starts_with(prefix)) own.emplace(name.substr(prefix.size()), array);
      }
      (*members)[m].load(own);
    }
  }
  fitted_ = true;
}

std::vector<std::string> all_specs() {
  std::vector<std::string> specs;
  for (const DetectorInfo& info : detectors::catalogue()) {
    if (info.combinator || info.must_be_chosen) continue;
    specs.push_back(info.shaper ? info.name + "+energy" : info.name);
  }
  return specs;
}

}  // namespace nescio::detectors
