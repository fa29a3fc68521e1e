// nescio evaluate bank=BANK train=... id=... near=... far=... detectors=all out=RUN
#include "cli/evaluation_run.h"

namespace nescio::verbs {

VerbInfo evaluate();

namespace {

class Evaluate final : public Verb, public EvaluationOptions {
 public:
  std::string bank, train, val, id, near, far;

  void run(Console& console) override {
    const Roles roles{train, val, id, parse_splits(near, "near"), parse_splits(far, "far")};
    if (roles.near.empty() && roles.far.empty()) {
      throw UsageError("evaluate: missing near= or far= (the splits of OOD rows)");
    }
    evaluation_settings(*this, seed);  // a mistake in a spec comes before one in the bank
    run_evaluation(FeatureBank::open(bank), roles, *this, seed,
                   {{"settings", settings_json(evaluate(), *this)}}, console);
  }
};

}  // namespace

VerbInfo evaluate() {
  VerbInfo info{
      .name = "evaluate",
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
      .options = {option(&Evaluate::bank,
                         {.name = "bank", .doc = "folder of the bank", .required = true}),
                  option(&Evaluate::train, {.name = "train", .doc = "split to fit on, SET/SPLIT"}),
                  option(&Evaluate::val,
                         {.name = "val",
                          .doc = "split for detectors that are fitted on validation data"}),
                  option(&Evaluate::id,
                         {.name = "id", .doc = "split of in-distribution rows", .required = true}),
                  option(&Evaluate::near,
                         {.name = "near", .doc = "splits of near-OOD rows, separated by commas"}),
                  option(&Evaluate::far,
                         {.name = "far", .doc = "splits of far-OOD rows, separated by commas"})},
      .json = true};
  for (auto& shared : evaluation_options<Evaluate>()) info.options.push_back(std::move(shared));
  return describe_verb<Evaluate>(std::move(info));
}

}  // namespace nescio::verbs
