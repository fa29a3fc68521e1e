// nescio evaluate bank=BANK train=... id=... near=... far=... detectors=all out=RUN
#include "evaluation/evaluate.h"

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/spec.h"
#include "cli/verb.h"
#include "cli/versions.h"
#include "io/file.h"
#include "io/npy.h"
#include "report/results.h"

namespace nescio::verbs {

VerbInfo evaluate();

namespace {

class Evaluate final : public Verb {
 public:
  std::string bank, train, val, id, near, far, out;
  std::string detectors = "all";
  std::string executor = "cpu";
  std::int64_t bootstrap = 1000;
  bool scores = false;

  void run(Console& console) override {
    const Roles roles{train, val, id, parse_splits(near, "near"), parse_splits(far, "far")};
    if (roles.near.empty() && roles.far.empty()) {
      throw UsageError("evaluate: missing near= or far= (the splits of OOD rows)");
    }
    const EvaluationSettings chosen = settings();
    const FeatureBank features = FeatureBank::open(bank);
    const std::filesystem::path folder = out;
    make_folders(folder);
    const KeepScores keep = [&](const std::string& detector, const std::string& set,
                                const Array& values) {
      std::string name = detector;
      std::ranges::replace(name, '/', '_');
      write_npy(folder / "scores" / name / (set + ".npy"), values);
    };
    const Results results =
        nescio::evaluate(features, roles, chosen, console.progress, scores ? keep : KeepScores());

    const nlohmann::json run = facts(console, features, results);
    write_results(results, run, console.command, folder);
    write_text(folder / "command.txt", console.command + "\n");
    if (console.json) {
      console.out << results_json(results, run).dump(2) << '\n';
    } else {
      console.out << results_text(results);
    }
    for (const Skipped& skipped : results.skipped) {
      console.log << "skipped " << skipped.detector << ": " << skipped.reason << '\n';
    }
    console.log << "wrote " << (folder / "results.csv").string() << ", .json, .md\n";
  }

 private:
  EvaluationSettings settings() const {
    EvaluationSettings out_settings;
    as_usage([&] {
      for (const std::string& spec : expand_list(detectors)) {
        if (spec == "all") {
          out_settings.skip_unavailable = true;
          const auto all = all_specs();
          out_settings.detectors.insert(out_settings.detectors.end(), all.begin(), all.end());
        } else {
          out_settings.detectors.push_back(Chain(spec).spec());
        }
      }
    });
    if (out_settings.detectors.empty()) throw UsageError("evaluate: detectors= names none");
    out_settings.executor = executor == "reference" ? Executor::reference : Executor::cpu;
    out_settings.intervals.resamples = static_cast<std::size_t>(bootstrap);
    out_settings.intervals.seed = static_cast<std::uint64_t>(seed);
    return out_settings;
  }

  // What somebody needs who wants the same numbers again.
  nlohmann::json facts(const Console& console, const FeatureBank& features,
                       const Results& results) const {
    nlohmann::json run;
    run["command"] = console.command;
    for (const auto& [key, value] : resolved_options(verbs::evaluate(), *this)) {
      run["settings"][key] = value;
    }
    for (const auto& [name, value] : versions()) run["versions"][name] = value;
    run["bank"] = {{"path", bank}, {"model", features.model()}, {"head", features.head_manifest()}};
    std::vector<std::string> splits;
    for (const SetInfo& set : results.sets) splits.push_back(set.name);
    for (const std::string& split : {train, val}) {
      if (!split.empty()) splits.push_back(split);
    }
    for (const std::string& split : splits) {
      run["bank"]["splits"][split] = features.manifest(split).at("arrays");
    }
    return run;
  }
};

}  // namespace

VerbInfo evaluate() {
  return describe_verb<Evaluate>(
      {.name = "evaluate",
       .summary = "Fit detectors, score ID and OOD splits, and measure how well they separate.",
       .details = {"Writes RUN/results.csv, .json and .md and prints the table. All detectors run "
                   "as one program, so what they share is computed once. near and far are roles "
                   "for OOD splits; at least one of them is needed.",
                   "detectors is a list of specs; lists in a spec are sweeps: "
                   "knn(k=[10,50]),react(q=[0.9,0.95])+energy. all = every detector with its "
                   "defaults and each shaper with energy; those for which an array is missing are "
                   "skipped and named."},
       .examples = {"nescio evaluate bank=BANK train=cifar10/train id=cifar10/test "
                    "near=cifar100/test far=mnist/test,gtsrb/test detectors=all out=RUN",
                    "nescio evaluate bank=BANK id=cifar10/test near=cifar100/test "
                    "'detectors=energy(T=[1,2,5])' bootstrap=0 out=RUN"},
       .options =
           {option(&Evaluate::bank,
                   {.name = "bank", .doc = "folder of the bank", .required = true}),
            option(&Evaluate::train, {.name = "train", .doc = "split to fit on, SET/SPLIT"}),
            option(
                &Evaluate::val,
                {.name = "val", .doc = "split for detectors that are fitted on validation data"}),
            option(&Evaluate::id,
                   {.name = "id", .doc = "split of in-distribution rows", .required = true}),
            option(&Evaluate::near,
                   {.name = "near", .doc = "splits of near-OOD rows, separated by commas"}),
            option(&Evaluate::far,
                   {.name = "far", .doc = "splits of far-OOD rows, separated by commas"}),
            option(&Evaluate::detectors,
                   {.name = "detectors", .doc = "specs separated by commas, or all"}),
            option(&Evaluate::out, {.name = "out", .doc = "folder of the run", .required = true}),
            option(&Evaluate::bootstrap,
                   {.name = "bootstrap",
                    .doc = "resamples for the intervals; 0 leaves out those that need them",
                    .min = 0,
                    .max = 1e6}),
            option(&Evaluate::scores,
                   {.name = "scores", .doc = "keep the scores: RUN/scores/<detector>/<set>.npy"}),
            option(&Evaluate::executor,
                   {.name = "executor",
                    .doc = "cpu (fast) or reference (plain loops in double, to check)",
                    .choices = {"cpu", "reference"}})},
       .json = true});
}

}  // namespace nescio::verbs
