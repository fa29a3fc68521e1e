// The data sets of a protocol, as benchmark and trace open them.
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/notice.h"
#include "cli/verb.h"
#include "evaluation/protocol.h"
#include "image/datasets/dataset.h"
#include "runtime/backbone.h"

namespace nescio::cli {

using Datasets = std::map<std::string, std::unique_ptr<image::Dataset>>;  // by set
using Sizes = std::map<std::string, std::size_t>;                         // by set

/// The sets that a user has play the roles of a protocol instead; a verb that offers it derives from this, too.
struct RoleOptions {
  std::optional<std::string> train, val, id, shifted, near, far, ood_val;

  /// For evaluation::ProtocolOptions.
  std::map<std::string, std::string> changed_roles() const;
};

/// The options of the verb `Object` that set its RoleOptions.
template <class Object>
std::vector<Parameter<Verb>> role_options() {
  const auto role = [](const char* name, std::optional<std::string> Object::*member) {
    return option<Object, std::optional<std::string>>(
        member, {.name = name,
                 .doc = "sets of the protocol that play this role instead, none for no set; what "
                        "has no role is not extracted"});
  };
  return {role("train", &Object::train),     role("val", &Object::val),   role("id", &Object::id),
          role("shifted", &Object::shifted), role("near", &Object::near), role("far", &Object::far),
          role("ood_val", &Object::ood_val)};
}

/// All that cannot be opened is named at once, before an hour of work.
Datasets open_all(const evaluation::Protocol& protocol);

/// The sets whose labels are the network's classes.
std::vector<std::string> id_splits(const evaluation::Roles& roles);

/// What is fitted on and what is kept must have the network's classes: labels become its numbers. Where
/// the weights name no classes, the first of these sets does.
void match_classes(const evaluation::Protocol& protocol, Datasets& datasets,
                   const runtime::Backbone& network, const Notice& warn);

/// What was found beside what the protocol counts on, for people.
void say_sizes(const evaluation::Protocol& protocol, const Sizes& sizes, std::ostream& log);

const std::string& spec_of(const evaluation::Protocol& protocol, const std::string& set);

}  // namespace nescio::cli
