// The part that evaluate, benchmark and demo share: from a bank to written results.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/executors.h"
#include "cli/verb.h"
#include "evaluation/evaluate.h"
#include "report/mixing.h"

namespace nescio::cli {

/// What a user may choose about an evaluation; a verb that offers it derives from this, too.
struct EvaluationOptions {
  std::string detectors = "all";
  std::string out;
  std::string metrics;
  std::int64_t bootstrap = 1000;
  bool scores = false;
  bool sweep = false;
  std::string executor = expr::Executor::cpu.name;
  std::string device = "auto";  // of executor=torch; what else it says, the verb knows
};

template <class Object>
Parameter<Verb> metrics_option(std::string Object::*metrics) {
  return option<Object, std::string>(
      metrics, {.name = "metrics",
                .doc = "metrics beside the standard ones: names separated by commas, or all",
                .names = {"metrics"}});
}

/// The standard metrics and those of such a list. UsageError for one that does not exist.
metrics::ChosenMetrics metrics_with(const std::string& list);

/// The options of the verb `Object` that set its EvaluationOptions.
template <class Object>
std::vector<Parameter<Verb>> evaluation_options() {
  return {
      option<Object, std::string>(&Object::detectors, {.name = "detectors",
                                                       .doc = "specs separated by commas, or all",
                                                       .names = {"detectors"}}),
      option<Object, std::string>(&Object::out,
                                  {.name = "out", .doc = "folder of the run", .required = true}),
      metrics_option<Object>(&Object::metrics),
      option<Object, std::int64_t>(
          &Object::bootstrap,
          {.name = "bootstrap",
           .doc = "resamples for the intervals; 0 leaves out those that need them",
           .min = 0,
           .max = 1e6}),
      option<Object, bool>(
          &Object::scores,
          {.name = "scores", .doc = "keep the scores: RUN/scores/<detector>/<set>.npy"}),
      option<Object, bool>(
          &Object::sweep,
          {.name = "sweep",
           .doc = "choose each detector's parameters on val= and ood_val=: the usual "
                  "values of those that its spec does not give, or its lists"}),
      option<Object, std::string>(&Object::executor, executor_info())};
}

/// UsageError if `detectors` names none, or one that does not exist.
evaluation::EvaluationSettings evaluation_settings(const EvaluationOptions& options,
                                                   std::int64_t seed);

/// UsageError where these roles allow no sweep that was asked for (grids_to_try()), or lack one that a named detector is
/// fitted on in every setting, and where one reads several banks and there is one.
void check_needs(const evaluation::EvaluationSettings& settings, const evaluation::Roles& roles,
                 std::size_t banks);

/// Warns of OOD splits some of whose classes are those of the ID splits. Splits that are not in the
/// bank are passed over.
void say_shared_classes(const bank::FeatureBank& bank, const evaluation::Roles& roles,
                        const Console& console);

/// Fits, scores and measures the detectors (several banks are an ensemble), writes what came out and the command line into the
/// folder `out`, prints the table (or JSON) and says what was skipped and written. `run` (an
/// object) holds what the caller knows about the run and stands in results.json; `mixing` is shown
/// and written too, and so are `further` files, by name.
void run_evaluation(const std::vector<bank::FeatureBank>& banks, const evaluation::Roles& roles,
                    const EvaluationOptions& options, std::int64_t seed, nlohmann::json run,
                    Console& console, std::vector<report::Mixing> mixing = {},
                    std::map<std::string, std::string> further = {});

/// The options of a verb as they were resolved, for `run["settings"]`.
nlohmann::json settings_json(const VerbInfo& info, const Verb& verb);

}  // namespace nescio::cli
