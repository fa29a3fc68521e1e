// nescio evaluate bank=BANK train=... id=... near=... far=... detectors=all out=RUN
// nescio evaluate id=ID.npz near=A.npz,B.npz far=C.npy out=RUN
#include <filesystem>

#include "base/text.h"
#include "cli/evaluation_run.h"
#include "cli/score_files.h"
#include "evaluation/imported.h"

namespace nescio::cli::verbs {

VerbInfo evaluate();

namespace {

class Evaluate final : public Verb, public EvaluationOptions {
 public:
  std::string bank, train, val, ood_val, id, shifted, near, far, name;
  std::string higher = "auto";

  void run(Console& console) override {
    choose_executor();
    if (bank.empty()) return run_on_files(console);
    const evaluation::Roles roles{train,
                                  val,
                                  id,
                                  parse_splits(shifted, "shifted"),
                                  parse_splits(near, "near"),
                                  parse_splits(far, "far"),
                                  parse_splits(ood_val, "ood_val")};
    if (roles.near.empty() && roles.far.empty()) {
      throw UsageError("evaluate: missing near= or far= (the splits of OOD rows)");
    }
    // A mistake on the command line comes before one in the bank.
    as_usage([&] { evaluation::check_roles(roles); });
    const std::vector<std::string> folders = paths();
    check_needs(evaluation_settings(*this, seed), roles, folders.size());
    std::vector<bank::FeatureBank> banks;
    for (const std::string& path : folders) banks.push_back(bank::FeatureBank::open(path));
    say_shared_classes(banks.front(), roles, console);
    run_evaluation(banks, roles, *this, seed, {{"settings", settings_json(evaluate(), *this)}},
                   console);
  }

 private:
  void choose_executor() {
    if (!names_gpu(device)) return;
    if (executor == expr::Executor::reference.name) {
      throw UsageError("evaluate: executor=reference computes on the CPU; leave out device=");
    }
    executor = "torch";
  }

  // A folder with a comma in its name is one bank.
  std::vector<std::string> paths() const {
    if (std::filesystem::exists(bank)) return {bank};
    return as_usage([&] { return split_top_level(bank); });
  }

  // The roles name files of scores, which become a bank of the run.
  void run_on_files(Console& console) {
    if (!(train + val + ood_val + shifted).empty() || detectors != "all" || sweep) {
      throw UsageError(
          "evaluate: train=, val=, ood_val=, shifted=, detectors= and sweep= need bank=; without "
          "it id=, near= and far= are files of scores");
    }
    const ScoreFiles files{id, split_top_level(near), split_top_level(far)};
    const bool alone = files.near.empty() && files.far.empty();
    const std::string called = !name.empty() ? name : alone ? name_of_file(id) : "scores";
    bank::FeatureBank scored = bank_of_score_files(std::filesystem::path(out) / "imported");
    const evaluation::Roles roles = add_score_files(scored, files, called, higher);
    EvaluationOptions options = *this;
    options.detectors = evaluation::imported_spec(called);
    run_evaluation({scored}, roles, options, seed, {{"settings", settings_json(evaluate(), *this)}},
                   console);
  }
};

}  // namespace

VerbInfo evaluate() {
  const When<Evaluate> of_files = {"files of scores, without bank=",
                                   [](const Evaluate& e) { return e.bank.empty(); }};
  VerbInfo info{
      .name = "evaluate",
      .summary = "Fit detectors, score ID and OOD splits, and measure how well they separate.",
      .details =
          {"Writes RUN/results.csv, .json and .md and the report RUN/report.html, and prints "
           "the table. All detectors run as one program, so what they share is computed once. near "
           "and far are roles "
           "for OOD splits; at least one of them is needed.",
           "detectors is a list of specs; square brackets in a spec are sweeps: "
           "knn(k=[10,50]),react(q=[0.9,0.95])+energy. all = every detector with its "
           "defaults and each shaper with energy; those that lack an array, or cannot take these "
           "rows, are skipped and named. imported(name=NAME) are scores that `import` brought into "
           "the "
           "bank.",
           "With sweep=true the lists of a spec, or the usual values (`describe NAME`) of the "
           "parameters that a spec without lists does not give, are tried on val= and ood_val=. "
           "The "
           "setting with the highest AUROC there, the first of equal ones, is the one that is "
           "measured; results.json and the report have the whole grid.",
           "Several banks are an ensemble (Lakshminarayanan, Pritzel, Blundell, Simple and "
           "Scalable Predictive Uncertainty Estimation using Deep Ensembles, NeurIPS 2017, "
           "arXiv:1612.01474): the same rows as several networks see them. Every "
           "detector is fitted on each bank, a row's score is the mean, and the class that they "
           "see is that of the largest mean probability. ensemble(DETECTOR) is instead a detector "
           "of "
           "the mean softmax, for one that reads logits alone: ensemble(msp), ensemble(entropy); "
           "of=logits "
           "takes the mean of the logits, as OpenOOD. ensemble(mutual_information) is how far the "
           "networks disagree.",
           "Without bank= the roles are files of scores that were made elsewhere, one for "
           "each set (.npz of OpenOOD, .npy, .csv, text; a member as FILE.npz#NAME), or id= alone "
           "is a pickle of OpenOOD with all sets; those under csid, there with fsood=True, count "
           "as ID. "
           "SET=FILE says what a set is called; without it the file's "
           "name does or, where several have the same, the member or the folder. They are kept as "
           "the bank RUN/imported."},
      .examples = {"nescio evaluate bank=BANK train=cifar10/train id=cifar10/test "
                   "near=cifar100/test far=mnist/test,gtsrb/test detectors=all out=RUN",
                   "nescio evaluate bank=BANK id=cifar10/test near=cifar100/test "
                   "'detectors=energy(T=[1,2,5])' bootstrap=0 out=RUN",
                   "nescio evaluate bank=BANK train=cifar10/train val=cifar10/val ood_val=tin/val "
                   "id=cifar10/test near=cifar100/test sweep=true out=RUN",
                   "nescio evaluate bank=SEED1,SEED2 train=cifar10/train id=cifar10/test "
                   "near=cifar100/test 'detectors=energy,mahalanobis,ensemble(msp)' out=RUN",
                   "nescio evaluate bank=BANK train=imagenet/train id=imagenet/val near=ninco/test "
                   "detectors=knn,mahalanobis device=cuda out=RUN",
                   "nescio evaluate id=scores/msp.pkl out=RUN",
                   "nescio evaluate id=cifar10/vim.npy near=svhn/vim.npy,tin=T/vim.npy out=RUN"},
      .options = {option(&Evaluate::bank,
                         {.name = "bank",
                          .doc = "folder of the bank; without it id, near and far are files"}),
                  option(&Evaluate::train, {.name = "train", .doc = "split to fit on, SET/SPLIT"}),
                  option(&Evaluate::val,
                         {.name = "val",
                          .doc = "split for detectors that are fitted on validation data"}),
                  option(
                      &Evaluate::ood_val,
                      {.name = "ood_val",
                       .doc = "splits of OOD rows for detectors that choose on them, separated by "
                              "commas; never scored"}),
                  option(&Evaluate::id,
                         {.name = "id", .doc = "split of in-distribution rows", .required = true}),
                  option(&Evaluate::shifted,
                         {.name = "shifted",
                          .doc = "splits of the ID classes under other conditions, separated by "
                                 "commas: they count as ID (full-spectrum)"}),
                  option(&Evaluate::near,
                         {.name = "near", .doc = "splits of near-OOD rows, separated by commas"}),
                  option(&Evaluate::far,
                         {.name = "far", .doc = "splits of far-OOD rows, separated by commas"}),
                  option(&Evaluate::name, {.name = "name", .doc = "what their scores are called"},
                         of_files),
                  option(&Evaluate::higher,
                         {.name = "higher",
                          .doc = "what a high score means: id, ood, or auto (id for OpenOOD's "
                                 "files, ood for arrays)",
                          .choices = {"auto", "id", "ood"}},
                         of_files),
                  option<Evaluate, std::string>(
                      &Evaluate::device,
                      {.name = "device",
                       .doc = "where detectors are fitted and computed: auto and cpu leave it to "
                              "executor= (torch: auto is the first CUDA device, else the CPU); "
                              "cuda or cuda:N: executor=torch there"})},
      .json = true};
  for (auto& shared : evaluation_options<Evaluate>()) info.options.push_back(std::move(shared));
  return describe_verb<Evaluate>(std::move(info));
}

}  // namespace nescio::cli::verbs
