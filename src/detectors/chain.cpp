#include "detectors/chain.h"

#include <algorithm>

#include "base/arguments.h"

namespace nescio {
namespace {

template <class Base>
Base& as(const std::unique_ptr<Stage>& stage) {
  return static_cast<Base&>(*stage);
}

bool learns(const DetectorInfo& info) { return !info.fit_on.empty(); }

}  // namespace

Chain::Chain(std::string_view source) {
  const Spec spec = parse_spec(source);
  spec_ = print(spec);
  for (const Term& term : spec.terms) {
    Link link{&detectors::find(term.name), nullptr};
    link.stage = link.info->make();
    set_arguments(*link.stage, link.info->parameters, "[" + spec_ + "]", term);
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
  const std::string& detector = links_.back().info->name;
  const Needs last = links_.back().stage->needs();
  if (links_.size() > 1 && !last.logits && !last.features) {
    fail("[", spec_, "] ", links_.front().info->name, " changes logits and features, but ",
         detector, " reads neither, only the array ", join(last.arrays),
         ", which a pass of its own over the network made; use ", detector, " alone");
  }
}

Needs Chain::needs() const {
  Needs all;
  for (const Link& link : links_) {
    const Needs needs = link.stage->needs();
    all.logits |= needs.logits;
    all.features |= needs.features;
    all.head |= needs.head;
    all.labels |= needs.labels;
    for (const std::string& name : needs.arrays) {
      if (std::ranges::find(all.arrays, name) == all.arrays.end()) all.arrays.push_back(name);
    }
  }
  return all;
}

bool Chain::fits_on(std::string_view split) const {
  for (const Link& link : links_) {
    if (learns(*link.info) && link.stage->fit_on == split) return true;
  }
  return false;
}

void Chain::check_inputs(const Inputs& in) const {
  const Needs need = needs();
  if (need.logits && !in.logits) fail("[", spec_, "] needs logits, which the bank has not");
  if (need.features && !in.features) fail("[", spec_, "] needs features, which the bank has not");
  if (need.head && !in.head) {
    fail("[", spec_, "] needs the head (W, b), which the bank has not; import it with ",
         "head_weight=W.npy head_bias=b.npy");
  }
  try {
    for (const std::string& name : need.arrays) in.array(name);
  } catch (const Error& e) {
    fail("[", spec_, "] ", e.what());
  }
}

void Chain::fit(const Inputs& inputs, const FitData& data) {
  check_inputs(inputs);
  Inputs in = inputs;
  for (Link& link : links_) {
    link.stage->notices.clear();
    try {
      if (learns(*link.info)) {
        Statistics* statistics = link.stage->fit_on == "train" ? data.train : data.val;
        if (!statistics) {
          fail(link.info->name, " is fitted on the split '", link.stage->fit_on,
               "'; name one with ", link.stage->fit_on, "=SET/SPLIT");
        }
        link.stage->fit(in, *statistics);
      }
      if (link.info->shaper) in = as<Shaper>(link.stage).shape(in);
    } catch (const Error& e) {
      fail("[", spec_, "] ", e.what());
    }
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
    if (i != left_out) in = as<Shaper>(links_[i].stage).shape(in);
  }
  return as<Detector>(links_.back().stage).score(in);
}

Expr Chain::score(const Inputs& inputs) const {
  check_inputs(inputs);
  if (!fitted_ && (fits_on("train") || fits_on("val"))) {
    fail("[", spec_, "] must be fitted before it can score");
  }
  try {
    const Expr score = score_without(links_.size(), inputs);
    for (std::size_t i = 0; i + 1 < links_.size(); ++i) {
      if (score_without(i, inputs).id() != score.id()) continue;
      fail(links_[i].info->name, " changes nothing that ", links_.back().info->name,
           " reads with these parameters: a factor of a whole row, for one, is lost where rows are "
           "scaled to unit length (normalize=true). The scores would be those without ",
           links_[i].info->name);
    }
    return score;
  } catch (const Error& e) {
    fail("[", spec_, "] ", e.what());
  }
}

std::map<std::string, Array> Chain::learned() const {
  std::map<std::string, Array> arrays;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const LearnedArray& array : links_[i].info->learned) {
      arrays.emplace(text(i, ".", array.name), array.get(*links_[i].stage));
    }
  }
  return arrays;
}

void Chain::load(const std::map<std::string, Array>& arrays) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const LearnedArray& array : links_[i].info->learned) {
      const std::string name = text(i, ".", array.name);
      const auto found = arrays.find(name);
      if (found == arrays.end()) fail("[", spec_, "] the saved detector lacks '", name, "'");
      try {
        array.set(*links_[i].stage, found->second);
      } catch (const Error& e) {
        fail("[", spec_, "] ", name, ": ", e.what());
      }
    }
  }
  fitted_ = true;
}

std::vector<std::string> all_specs() {
  std::vector<std::string> specs;
  for (const DetectorInfo& info : detectors::catalogue()) {
    specs.push_back(info.shaper ? info.name + "+energy" : info.name);
  }
  return specs;
}

}  // namespace nescio
