#include "detectors/bank_inputs.h"

#include <algorithm>

#include "base/error.h"
#include "base/shell_word.h"

namespace nescio::detectors {
namespace {

/// None also where it is damaged: missing_for() says so to those who need it.
std::optional<Head> readable_head(const bank::BankViews& views) {
  try {
    return views.head();
  } catch (const Error&) {
    return std::nullopt;
  }
}

Inputs inputs_of(const bank::BankViews& views, const std::vector<std::string>& splits,
                 const std::shared_ptr<Graph>& graph, const std::string& prefix) {
  Widths widths;
  for (const auto& [split, view] : views) {
    for (const auto& [name, array] : view.arrays) {
      if (array.is_matrix()) widths.emplace(name, array.shape[1]);
    }
  }
  const auto take = [&](const char* name) {
    const auto found = widths.extract(name);
    return found ? found.mapped() : 0;
  };
  const std::size_t given = take("logits");
  const std::size_t features = take("features");
  const std::size_t classes = logits_from(views, splits) == LogitsFrom::head ? 0 : given;
  return make_inputs(classes, features, head_tables(readable_head(views)), widths, graph, prefix);
}

}  // namespace

std::optional<HeadTables> head_tables(const std::optional<Head>& head) {
  if (!head) return std::nullopt;
  return HeadTables{Table(head->weight), Table(head->bias)};
}

std::map<std::string, Array> read_arrays(const bank::BankView& view,
                                         const std::vector<std::string>& names) {
  std::map<std::string, Array> out;
  for (const std::string& name : names) {
    const auto found = view.arrays.find(name);
    if (found != view.arrays.end() && found->second.is_matrix())
      out.emplace(name, view.array(name));
  }
  return out;
}

std::vector<std::string> arrays_for(const Needs& needs, LogitsFrom logits) {
  Needs read = needs;
  if (needs.logits && logits == LogitsFrom::head) {
    read.logits = false;
    read.features = true;
  }
  return read.inputs();
}

std::string missing_in(const bank::BankView& view, const Needs& needs, bool labels) {
  const std::string& split = view.name;
  if (labels && !view.has("labels")) return split + " has no labels";
  if (needs.features && !view.has("features")) return split + " has no features";
  for (const std::string& name : needs.arrays) {
    if (view.has(name)) continue;
    const std::string probe = shell_word("probes=" + name);
    if (!view.extracted_by.empty()) {
      return text(split, " has no array '", name, "'; add it with ", view.extracted_by, " ", probe);
    }
    return text(split, " has no array '", name, "', which takes a pass of the network over its ",
                "pictures: these rows came without, so extract them into another bank with ",
                probe);
  }
  try {
    if (needs.logits && !view.has("logits") && !(view.has("features") && view.head())) {
      return split + " has no logits, nor do features and a head give them";
    }
    if (needs.head && !view.head()) {
      return "the bank has no head; import it with head_weight=W.npy head_bias=b.npy, if the "
             "logits "
             "are linear in the features";
    }
    const LogitsFrom logits = view.has("logits") ? LogitsFrom::network : LogitsFrom::head;
    for (const std::string& name : arrays_for(needs, logits)) view.array(name);
    if (labels) view.labels();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

statistics::Split read_split(const bank::BankViews& views, const std::string& split,
                             const std::vector<std::string>& names) {
  const bank::BankView& view = views.at(split);
  statistics::Split out;
  out.name = split;
  const auto unless_damaged = [](const auto& read) {
    try {
      read();
    } catch (const Error&) {
      // Said to those who need it.
    }
  };
  for (const std::string& name : names) {
    unless_damaged([&] { out.arrays.merge(read_arrays(view, {name})); });
  }
  unless_damaged([&] { out.labels = view.labels(); });
  unless_damaged([&] { out.classes = view.classes(); });
  return out;
}

LogitsFrom logits_from(const bank::BankViews& views, const std::vector<std::string>& splits) {
  const auto follow = [&](const std::string& split) {
    return !split.empty() && views.has(split, "features") && !views.has(split, "logits");
  };
  return std::ranges::any_of(splits, follow) && readable_head(views) ? LogitsFrom::head
                                                                     : LogitsFrom::network;
}

Inputs make_inputs(const bank::BankViews& views, const std::vector<std::string>& splits) {
  return inputs_of(views, splits, nullptr, "");
}

std::vector<Expr> logits_of_members(const bank::BankViews& views,
                                    const std::vector<std::string>& splits) {
  const auto graph = std::make_shared<Graph>();
  std::vector<Expr> out;
  for (const std::string& member : views.members()) {
    const std::string prefix = member.empty() ? "" : member + "/";
    const Expr logits = inputs_of(views.of_member(member), splits, graph, prefix).logits;
    if (!logits) fail(join(splits), " has no logits", member.empty() ? "" : " in " + member);
    if (!out.empty() && logits.width() != out.front().width()) {
      fail(views.members().front(), " has ", out.front().width(), " classes and ", member, " ",
           logits.width(), "; an ensemble is of networks with the same classes");
    }
    out.push_back(logits);
  }
  return out;
}

Batch to_batch(const std::map<std::string, Array>& arrays) {
  Batch batch;
  for (const auto& [name, array] : arrays) batch.emplace(name, array.matrix());
  return batch;
}

}  // namespace nescio::detectors
