#include "cli/protocol_data.h"

#include <algorithm>
#include <ostream>

#include "base/error.h"
#include "image/datasets/renumbered.h"
#include "report/table.h"

namespace nescio::cli {

std::map<std::string, std::string> RoleOptions::changed_roles() const {
  std::map<std::string, std::string> out;
  const auto change = [&](const char* role, const std::optional<std::string>& sets) {
    if (sets) out[role] = *sets;
  };
  change("train", train);
  change("val", val);
  change("id", id);
  change("shifted", shifted);
  change("near", near);
  change("far", far);
  change("ood_val", ood_val);
  return out;
}

Datasets open_all(const evaluation::Protocol& protocol) {
  Datasets out;
  std::vector<std::string> refused;
  for (const evaluation::ProtocolSet& set : protocol.sets) {
    try {
      out[set.name] = image::open_dataset(set.data);
    } catch (const Error& e) {
      refused.push_back(text(set.name, ": ", e.what()));
    }
  }
  if (!refused.empty()) {
    fail(refused.size(), " of ", protocol.sets.size(),
         " data sets cannot be opened: ", join(refused, "; "));
  }
  return out;
}

std::vector<std::string> id_splits(const evaluation::Roles& roles) {
  std::vector<std::string> out;
  for (const std::string& split : {roles.train, roles.val, roles.id}) {
    if (!split.empty()) out.push_back(split);
  }
  out.insert(out.end(), roles.shifted.begin(), roles.shifted.end());
  return out;
}

void match_classes(const evaluation::Protocol& protocol, Datasets& datasets,
                   const runtime::Backbone& network, const Notice& warn) {
  std::vector<std::string> classes = network.class_names();
  std::string whose = "the network";
  const auto answers = id_splits(protocol.roles);
  for (const std::string& split : answers) {
    if (!classes.empty()) break;
    classes = datasets.at(split)->class_names();
    whose = split;
    if (!classes.empty() && classes.size() != network.classes()) {
      fail(split, " has ", classes.size(), " classes and the network ", network.classes(),
           "; a protocol needs a network that was trained on its classes");
    }
  }
  for (auto& [split, dataset] : datasets) {
    const bool known = std::ranges::find(answers, split) != answers.end();
    dataset = image::in_classes_of(classes, whose, std::move(dataset),
                                   known ? image::LabelUse::answers : image::LabelUse::nothing,
                                   split, warn);
  }
}

void say_sizes(const evaluation::Protocol& protocol, const Sizes& sizes, std::ostream& log) {
  report::TextTable table{.columns = {{"set"}, {"pictures", true}, {"expected", true}}};
  std::string warnings;
  for (const evaluation::ProtocolSet& set : protocol.sets) {
    const std::size_t found = sizes.at(set.name);
    table.rows.push_back({set.name, text(found), set.rows ? text(*set.rows) : std::string("any")});
    if (set.rows && *set.rows != found) {
      warnings += text("warning: ", set.name, ": ", protocol.name, " counts on ", *set.rows,
                       " pictures, found ", found, "; results cannot equal published ones\n");
    }
  }
  log << report::to_text(table) << warnings;
  if (!protocol.unused.empty()) log << "without a role: " << join(protocol.unused) << '\n';
}

const std::string& spec_of(const evaluation::Protocol& protocol, const std::string& set) {
  return std::ranges::find(protocol.sets, set, &evaluation::ProtocolSet::name)->data;
}

}  // namespace nescio::cli
