// A verb of the command line: one file each, described by one function.
//
// The class holds the options; the description binds them to names, and from it come parsing,
// checks, `--help`, `describe` and the resolved options that runs record. A verb joins the program
// by `nescio_add_verb(name)` in its folder's CMakeLists.txt; fit.cpp is the one to copy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/notice.h"
#include "base/parameters.h"
#include "base/progress.h"
#include "base/usage.h"

namespace nescio::cli {

/// Where a verb speaks: data goes to `out` (stdout), everything else to `log` (stderr).
struct Console {
  std::ostream& out;
  std::ostream& log;
  Progress progress;    // a bar on a terminal, otherwise a line now and then
  std::string command;  // the whole command line, quoted for a shell
  bool json = false;    // --json was given
  int status = 0;       // of the program, where it does what was asked

  /// A sentence on stderr that the user should read.
  void warn(const std::string& sentence) const { log << "nescio: warning: " << sentence << '\n'; }
};

/// The options of one call. Members of the derived class are bound by option().
class Verb {
 public:
  virtual ~Verb() = default;
  /// Does it. UsageError for options that do not fit together, Error for everything else.
  virtual void run(Console& console) = 0;

  std::optional<std::int64_t> threads;
  std::int64_t seed = 0;
  std::string config;  // file that options were read from
  Notices notices;     // what to tell the user about the options before run()
};

/// The self-description of a verb.
struct VerbInfo {
  std::string name;
  std::string summary;                    // one sentence
  std::string positional = {};            // the option that may stand first without "key="
  std::string joint = {};                 // put between several such words; none: there is one
  std::vector<std::string> details = {};  // paragraphs of --help: what is read and written
  std::vector<std::string> examples = {};
  std::vector<Parameter<Verb>> options = {};
  bool json = false;                                 // understands --json
  bool stand_in = false;                             // see cli/network_verbs.h
  std::function<std::unique_ptr<Verb>()> make = {};  // set by describe_verb<>
};

template <class Object, class T>
Parameter<Verb> option(T Object::*member, ParameterInfo info, When<Object> when = {}) {
  return bind_parameter<Verb, Object>(member, std::move(info), std::move(when));
}

/// A parameter of something that the verb holds, as an option of the verb.
template <class Object, class Part>
Parameter<Verb> member_option(Part Object::*part, const Parameter<Part>& parameter) {
  Parameter<Verb> p{parameter.info, parameter.type, parameter.default_value, {}, {}, {}};
  p.set = [part, parameter](Verb& verb, std::string_view value) {
    parameter.set(static_cast<Object&>(verb).*part, value);
  };
  p.get = [part, parameter](const Verb& verb) {
    return parameter.get(static_cast<const Object&>(verb).*part);
  };
  if (parameter.counts) {
    p.counts = [part, parameter](const Verb& verb) {
      return parameter.counts(static_cast<const Object&>(verb).*part);
    };
  }
  return p;
}

/// The options that every verb has.
ParameterInfo threads_info();
ParameterInfo seed_info();
/// And those of verbs that may load a network.
ParameterInfo model_info();
ParameterInfo batch_info();
ParameterInfo device_info();
/// The same option where it must be given.
ParameterInfo required(ParameterInfo info);
ParameterInfo config_info();

/// Completes a description with what follows from the class and what every verb has.
template <class Object>
VerbInfo describe_verb(VerbInfo info) {
  info.make = [] { return std::make_unique<Object>(); };
  info.options.push_back(
      option<Object, std::optional<std::int64_t>>(&Object::threads, threads_info()));
  info.options.push_back(option<Object, std::int64_t>(&Object::seed, seed_info()));
  info.options.push_back(option<Object, std::string>(&Object::config, config_info()));
  return info;
}

namespace verbs {
/// All verbs of this program, by name (generated).
const std::vector<VerbInfo>& catalogue();
}  // namespace verbs

/// The verb with its options set from "key=value" arguments; the first may be the bare value of the
/// positional option. What `config` names is read first: a YAML file of one "key: value" for each
/// option, a list standing for its entries with commas between. UsageError for unknown keys (with
/// the nearest name), keys given twice, values that do not fit or do nothing and missing required
/// keys. What does nothing in the file is left out with a notice, as what was typed may be the cause.
std::unique_ptr<Verb> parse_options(const VerbInfo& info,
                                    const std::vector<std::string>& arguments);

/// "a/test, b/test" -> both; UsageError for empty pieces and for one that stands there twice.
std::vector<std::string> parse_splits(const std::string& list, std::string_view option);
/// UsageError, naming the option, if no split of a bank can be called so.
void check_split_option(const std::string& split, std::string_view option);

/// The options as "key=value" with defaults filled in, those that are empty and `config` left out.
std::vector<std::pair<std::string, std::string>> resolved_options(const VerbInfo& info,
                                                                  const Verb& verb);

}  // namespace nescio::cli
