#include "nn/chosen_weights.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace nescio::nn {
namespace {

// Tensors of one dictionary whose names begin with a prefix, under the network's own names.
struct Candidate {
  const io::TensorGroup* group;
  std::string prefix;
  Tensors stripped;
  NamedWeights own;
};

std::string in_quotes(std::string_view name) { return text("'", printable(name), "'"); }

// "key=state_dict", "prefix=module.": what a user types to get it.
std::string options_of(const Candidate& c, bool several_groups) {
  std::vector<std::string> parts;
  if (several_groups) parts.push_back(text("key=", printable(c.group->key)));
  if (!several_groups || !c.prefix.empty()) parts.push_back(text("prefix=", printable(c.prefix)));
  return join(parts, "&");
}

// Whether a key or a prefix is one of averages, or of what an optimiser keeps for each weight.
bool lies_beside_weights(std::string_view name) {
  std::string word;
  for (const char c : text(name, ".")) {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (word == "ema" || word == "swa" || word.starts_with("average") || word == "avg") return true;
    if (word == "optimiser" || word == "optimizer") return true;
    word.clear();
  }
  return false;
}

bool several_groups(const std::vector<const Candidate*>& fits) {
  return std::ranges::any_of(fits,
                             [&](const Candidate* c) { return c->group != fits.front()->group; });
}

// What may stand before the names: every beginning up to a dot that enough names have in common,
// and the longest one that all have.
std::vector<std::string> prefixes_of(const Tensors& tensors, std::size_t enough) {
  constexpr std::size_t longest = 256;  // nobody nests deeper than that
  std::map<std::string, std::size_t> count;
  for (const auto& [name, array] : tensors) {
    ++count[""];
    for (auto dot = name.find('.'); dot < longest; dot = name.find('.', dot + 1)) {
      ++count[name.substr(0, dot + 1)];
    }
  }
  std::vector<std::string> prefixes;
  for (const auto& [prefix, names] : count) {
    if (prefix.empty() || names >= enough || names == tensors.size()) prefixes.push_back(prefix);
  }
  return prefixes;
}

class Chooser {
 public:
  Chooser(const DesignedNetwork& network, const Weights& file, const Expected& expected,
          std::string_view where)
      : network_(network), info_(*network.info), file_(file), expected_(expected), where_(where) {}

  ChosenWeights choose(const WeightsPlace& place) {
    list_candidates({});
    std::string without_a_word;
    if (place.key || place.prefix) {
      if (const Candidate* c = only(fitting())) without_a_word = options_of(*c, true);
      candidates_.clear();
      list_candidates(place);
    }
    const std::vector<const Candidate*> fits = fitting();
    if (fits.empty()) refuse();
    const Candidate* found = only(fits);
    if (!found) refuse_choice(fits);
    const Candidate& best = *found;
    ChosenWeights chosen{.own = best.own, .part = {}, .notices = {}};
    if (const std::string here = options_of(best, true);
        (place.key || place.prefix) && here != without_a_word) {
      chosen.part = here;
    }
    const bool several = several_groups(fits);
    if (!best.prefix.empty() && !place.prefix && (several || fits.size() == 1)) {
      chosen.notices.push_back(
          text(where_, ": the weights are read under the prefix ", in_quotes(best.prefix)));
    }
    if (fits.size() > 1) {
      std::vector<std::string> others;
      for (const Candidate* c : fits) {
        if (c != &best) others.push_back(options_of(*c, several));
      }
      chosen.notices.push_back(text(where_, ": the weights under ",
                                    in_quotes(several ? best.group->key : best.prefix),
                                    " are read; others are there: ", join(others)));
    }
    return chosen;
  }

  bool fits() {
    const bool empty = std::ranges::all_of(
        file_.groups, [](const io::TensorGroup& group) { return group.tensors.empty(); });
    if (empty) return false;
    list_candidates({});
    return std::ranges::any_of(candidates_, [&](const Candidate& c) {
      // Making a network of other classes costs more than counting.
      const std::size_t count = c.own.tensors.size();
      return count >= required(info_.classes) && count <= expected(info_.classes).shapes.size() &&
             differences_of(c, info_.encoder).empty();
    });
  }

 private:
  void list_candidates(const WeightsPlace& place) {
    const std::size_t enough = required(info_.classes);
    for (const io::TensorGroup& group : groups_called(place.key)) {
      std::vector<std::string> prefixes = prefixes_of(group.tensors, enough);
      if (place.prefix) {
        const bool dot = place.prefix->empty() || place.prefix->ends_with('.');
        prefixes = {dot ? *place.prefix : *place.prefix + "."};
      }
      for (const std::string& prefix : prefixes) {
        Tensors stripped;
        for (const auto& [name, array] : group.tensors) {
          if (name.starts_with(prefix)) stripped.emplace(name.substr(prefix.size()), array);
        }
        if (stripped.empty()) continue;
        NamedWeights own = adapted(info_, stripped, expected(info_.classes));
        // Single numbers that the network has not are what profilers count.
        std::erase_if(own.tensors, [&](const auto& item) {
          return item.second.size() <= 1 && !expected(info_.classes).shapes.contains(item.first);
        });
        candidates_.push_back({&group, prefix, std::move(stripped), std::move(own)});
      }
    }
    if (candidates_.empty()) {
      fail(where_, ": no name begins with ", in_quotes(place.prefix.value_or("")),
           "; the file has ", contents());
    }
  }

  // All, or those of this key, which may leave out what stands before it.
  std::vector<std::reference_wrapper<const io::TensorGroup>> groups_called(
      const std::optional<std::string>& key) const {
    std::vector<std::reference_wrapper<const io::TensorGroup>> found;
    for (const io::TensorGroup& group : file_.groups) {
      if (!key || group.key == *key || group.key.ends_with("." + *key)) found.push_back(group);
    }
    if (found.empty()) {
      fail(where_, ": there are no tensors under the key ", in_quotes(key.value_or("")),
           "; the file has ", contents());
    }
    return found;
  }

  const ExpectedTensors& expected(std::int64_t classes) {
    const auto known = known_.find(classes);
    if (known != known_.end()) return known->second;
    return known_.emplace(classes, expected_(network_, classes)).first->second;
  }

  // Tensors that must be there; the two of the last layer may be missing.
  std::size_t required(std::int64_t classes) {
    const ExpectedTensors& e = expected(classes);
    const std::size_t count = e.shapes.size() - e.optional.size();
    return count > 3 ? count - 2 : 1;
  }

  std::string differences_of(const Candidate& c, bool without_head) {
    ExpectedTensors e = expected(classes_of(info_, c.own.tensors));
    for (const char* part : {".weight", ".bias"}) {
      const std::string name = info_.head + part;
      if (without_head && !c.own.tensors.contains(name)) e.optional.insert(name);
    }
    std::vector<std::string> parts;
    if (std::string found = differences(e, c.own.tensors); !found.empty()) parts.push_back(found);
    for (const auto& [name, why] : c.group->unread) {
      if (name.starts_with(c.prefix)) parts.push_back(text(in_quotes(name), ": ", why));
    }
    return join(parts, "; ");
  }

  // Those that have all tensors; if there are none, all but the last layer.
  std::vector<const Candidate*> fitting() {
    std::vector<const Candidate*> fits;
    for (const bool without_head : {false, true}) {
      for (const Candidate& c : candidates_) {
        if (differences_of(c, without_head).empty()) fits.push_back(&c);
      }
      if (!fits.empty()) break;
    }
    return fits;
  }

  // The one that is meant: of several the one that is neither of averages nor of an optimiser. nullptr
  // if there are none or several.
  static const Candidate* only(const std::vector<const Candidate*>& fits) {
    const Candidate* plain = nullptr;
    std::size_t count = 0;
    for (const Candidate* c : fits) {
      if (fits.size() > 1 && lies_beside_weights(text(c->group->key, '.', c->prefix))) continue;
      plain = c;
      ++count;
    }
    return count == 1 ? plain : nullptr;
  }

  [[noreturn]] void refuse_choice(const std::vector<const Candidate*>& fits) const {
    std::vector<std::string> choices;
    for (const Candidate* c : fits) choices.push_back(options_of(*c, several_groups(fits)));
    fail(where_, ": several sets of weights fit the network; choose one behind '?': ",
         join(choices, " or "));
  }

  // What comes closest shows best what is wrong.
  [[noreturn]] void refuse() {
    const Candidate* closest = nullptr;
    std::size_t most = 0;
    for (const Candidate& c : candidates_) {
      std::size_t same = 0;
      for (const auto& [name, shape] : expected(classes_of(info_, c.own.tensors)).shapes) {
        same += c.own.tensors.contains(name);
      }
      // Of equals the one without the prefix that all names share.
      if (!closest || same > most ||
          (same == most && c.prefix.size() > closest->prefix.size() &&
           c.stripped.size() == closest->stripped.size())) {
        closest = &c;
        most = same;
      }
    }
    const bool whole = file_.groups.size() == 1;
    fail(where_, ": these are the weights of another network, so nothing was loaded",
         better_network(closest->stripped), "; ", differences_of(*closest, false),
         whole ? "" : text(". The file has ", contents(), "; key=... behind '?' chooses"));
  }

  // "; they fit resnet32", if a network of the catalogue has these names and shapes.
  std::string better_network(const Tensors& found) const {
    for (const NetworkInfo& info : networks::catalogue()) {
      const DesignedNetwork network{&info, info.design()};
      const ExpectedTensors usual = expected_(network, info.classes);
      const auto own = adapted(info, found, usual).tensors;
      // Making a network of other classes costs more than counting.
      const std::size_t fewest = usual.shapes.size() - usual.optional.size();
      if (own.size() < fewest || own.size() > usual.shapes.size()) continue;
      if (differences(expected_(network, classes_of(info, own)), own).empty()) {
        return "; they fit " + info.name;
      }
    }
    return {};
  }

  // "'model' (44 tensors), 'ema' (44 tensors)".
  std::string contents() const {
    constexpr std::size_t most = 12;
    std::vector<std::string> parts;
    for (const io::TensorGroup& group : file_.groups) {
      if (parts.size() == most) {
        parts.push_back(text(file_.groups.size() - most, " more"));
        break;
      }
      const std::string name = group.key.empty() ? "no key" : in_quotes(group.key);
      std::string inside = text(group.tensors.size(), " tensors");
      if (!group.tensors.empty()) {
        inside += text(", the first ", in_quotes(group.tensors.begin()->first));
      }
      if (!group.unread.empty()) inside += text(", and ", group.unread.size(), " of other types");
      parts.push_back(text(name, " (", inside, ")"));
    }
    return join(parts);
  }

  const DesignedNetwork& network_;
  const NetworkInfo& info_;
  const Weights& file_;
  const Expected& expected_;
  std::string_view where_;
  std::vector<Candidate> candidates_;
  std::map<std::int64_t, ExpectedTensors> known_;
};

}  // namespace

std::int64_t classes_of(const NetworkInfo& info, const Tensors& tensors) {
  const auto head = tensors.find(info.head + ".bias");
  const bool good =
      head != tensors.end() && head->second.shape().size() == 1 && !head->second.empty();
  return good ? static_cast<std::int64_t>(head->second.size()) : info.classes;
}

ChosenWeights choose_weights(const DesignedNetwork& network, const Weights& file,
                             const WeightsPlace& place, const Expected& expected,
                             std::string_view where) {
  return Chooser(network, file, expected, where).choose(place);
}

bool fits(const DesignedNetwork& network, const Weights& file, const Expected& expected) {
  return Chooser(network, file, expected, "weights").fits();
}

}  // namespace nescio::nn
