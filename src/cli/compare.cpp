// nescio compare 'arms=control=RUN,RUN;oe=RUN,RUN' detectors=msp out=DIR
// nescio compare RUN detectors=msp,knn out=DIR
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/text.h"
#include "cli/evaluation_run.h"
#include "cli/versions.h"
#include "evaluation/comparison.h"
#include "io/json_file.h"
#include "report/comparison_report.h"

namespace nescio::cli::verbs {

VerbInfo compare();

namespace {

struct NamedArm {
  std::string name;
  std::vector<std::string> folders;
};

std::string folder_name(const std::filesystem::path& folder) {
  const auto name = folder.filename();
  return (name.empty() ? folder.parent_path().filename() : name).string();
}

// Where the name of an arm ends, if one begins the entry: not in a folder, as those of run/lr=0.1 and lr=0.1.
std::size_t end_of_name(const std::string& entry) {
  const auto equals = entry.find('=');
  std::error_code ignored;
  const bool folder = entry.find('/') < equals || std::filesystem::exists(entry, ignored);
  return folder ? std::string::npos : equals;
}

// "a=RUN,RUN;b=RUN" or "RUN,RUN": without a name each run is an arm of its own. A name begins a new
// arm behind a comma, too, as in the lists of a YAML file.
std::vector<NamedArm> parse_arms(const std::string& list) {
  std::vector<NamedArm> arms;
  for (const std::string& part : split_top_level(list, ';')) {
    bool named = false;
    for (const std::string& entry : split_top_level(part)) {
      const auto equals = end_of_name(entry);
      if (equals != std::string::npos) {
        if (equals + 1 == entry.size()) fail_usage("compare: '", entry, "' names no run");
        arms.push_back({entry.substr(0, equals), {entry.substr(equals + 1)}});
        named = true;
      } else if (named) {
        arms.back().folders.push_back(entry);
      } else {
        arms.push_back({folder_name(entry), {entry}});
      }
    }
  }
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const auto same = std::ranges::count(arms, arms[a].name, &NamedArm::name);
    if (arms[a].name.empty() || same > 1) {
      throw UsageError(text("compare: ", same, " arms are called '", arms[a].name,
                            "'; name them apart with arms='NAME=RUN,RUN;NAME=RUN'"));
    }
  }
  if (arms.empty()) {
    throw UsageError("compare: expected arms='NAME=RUN,RUN;NAME=RUN' or RUN,RUN, found none");
  }
  return arms;
}

std::size_t find_arm(const std::vector<NamedArm>& arms, const std::string& name) {
  if (name.empty()) return 0;
  std::vector<std::string> known;
  for (const NamedArm& arm : arms) {
    if (arm.name == name) return known.size();
    known.push_back(arm.name);
  }
  throw UsageError(text("compare: no arm is called '", name, "'.", suggest(name, known)));
}

class Compare final : public Verb {
 public:
  std::string arms, baseline, detectors, metrics, out;
  std::int64_t bootstrap = 1000;

  void run(Console& console) override {
    const std::vector<NamedArm> named = parse_arms(arms);
    const bool of_detectors = named.size() == 1;
    const std::size_t reference = of_detectors ? 0 : find_arm(named, baseline);
    evaluation::EvaluationSettings settings;
    if (!detectors.empty()) {
      EvaluationOptions asked;
      asked.detectors = detectors;
      settings = evaluation_settings(asked, seed);
    }
    settings.metrics = metrics_with(metrics);
    settings.intervals.resamples = static_cast<std::size_t>(bootstrap);
    settings.intervals.seed = static_cast<std::uint64_t>(seed);

    std::vector<evaluation::Arm> opened;
    for (const NamedArm& arm : named) {
      opened.push_back({arm.name, {}});
      for (const std::string& folder : arm.folders) {
        opened.back().runs.push_back(evaluation::open_run(folder));
      }
    }
    const evaluation::Comparison comparison =
        of_detectors ? evaluation::compare_detectors(opened[0], first_detector(settings), settings,
                                                     console.progress)
                     : evaluation::compare_arms(opened, reference, settings, console.progress);
    nlohmann::json run = {{"command", console.command},
                          {"settings", settings_json(compare(), *this)}};
    for (const auto& [name, value] : versions()) run["versions"][name] = value;
    report::write_comparison(comparison, run, console.command, out);
    if (console.json) {
      console.out << io::json_text(report::comparison_json(comparison, run));
    } else {
      console.out << report::comparison_text(comparison);
    }
    const std::filesystem::path folder = out;
    console.log << "wrote " << (folder / "comparison.csv").string() << ", .json, .md\n"
                << "the page is " << (folder / "comparison.html").string() << '\n';
  }

 private:
  // As detectors are called everywhere: knn(k=50) for knn.
  std::string first_detector(const evaluation::EvaluationSettings& settings) const {
    if (baseline.empty()) return baseline;
    const std::string spec = as_usage([&] { return evaluation::spec_of_scores(baseline); });
    const auto& asked = settings.detectors;
    if (!asked.empty() && std::ranges::find(asked, spec) == asked.end()) {
      throw UsageError(
          text("compare: baseline=", baseline, " is none of detectors=.", suggest(spec, asked)));
    }
    return spec;
  }
};

}  // namespace

VerbInfo compare() {
  return describe_verb<Compare>(
      {.name = "compare",
       .summary =
           "Put runs of the same protocol, or the detectors of a run, side by side, with paired "
           "intervals.",
       .positional = "arms",
       .joint = ",",
       .details =
           {"Takes the folders of runs of `nescio benchmark` or `nescio evaluate`: of different "
            "networks, methods or seeds, on the same sets. An arm is what was done alike but for "
            "the seed: arms=NAME=RUN,RUN,RUN, arms separated by semicolons; a run without a name "
            "is "
            "an arm of its own, and several of these may be words of their own. Runs of an arm and "
            "of the baseline are paired in the order given.",
            "Every row is scored again from the runs' banks, so any detector can be compared, "
            "whether the runs had it or not. Differences come with two 95 % intervals: over rows "
            "(what other pictures would give; the networks saw the same ones, so that is far "
            "narrower than the intervals of the runs suggest) and over runs (what other seeds "
            "would give). The page says how each is made.",
            "One arm alone, one run or several seeds: its detectors stand side by side instead, "
            "each "
            "against baseline=, the first detector if not given. They scored the same rows, so "
            "this "
            "is the paired test of two detectors (DeLong's of the AUROC).",
            "Runs on other sets, other rows or with other detectors are refused.",
            "Writes OUT/comparison.csv, .json, .md and .html, and prints near, far and ID as "
            "a whole."},
       .examples = {"nescio compare run/a run/b out=DIR",
                    "nescio compare arms='control=run/c0,run/c1,run/c2;oe=run/o0,run/o1,run/o2' "
                    "baseline=control detectors=msp,energy out=DIR",
                    "nescio compare run/a detectors=msp,knn,vim baseline=msp out=DIR"},
       .options = {option(&Compare::arms,
                          {.name = "arms",
                           .doc = "folders of runs by arm: NAME=RUN,RUN;NAME=RUN,RUN or RUN,RUN",
                           .required = true}),
                   option(
                       &Compare::baseline,
                       {.name = "baseline",
                        .doc = "arm (or, of one arm, detector) that the others are compared with; "
                               "the first if not given"}),
                   option(
                       &Compare::detectors,
                       {.name = "detectors",
                        .doc = "specs separated by commas, or all; those of the runs if not given",
                        .names = {"detectors"}}),
                   option(&Compare::out,
                          {.name = "out", .doc = "folder of the comparison", .required = true}),
                   metrics_option(&Compare::metrics),
                   option(&Compare::bootstrap,
                          {.name = "bootstrap",
                           .doc = "resamples for the intervals; 0 leaves out those that need them",
                           .min = 0,
                           .max = 1e6})},
       .json = true});
}

}  // namespace nescio::cli::verbs
