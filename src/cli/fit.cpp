// nescio fit 'knn(k=50)' bank=BANK train=cifar10/train out=DETECTOR
#include <filesystem>
#include <ostream>

#include "cli/executors.h"
#include "cli/launched.h"
#include "cli/verb.h"
#include "detectors/saved_detector.h"

namespace nescio::cli::verbs {
namespace {

namespace fs = std::filesystem;

class Fit final : public Verb {
 public:
  std::string spec, bank, train, val, ood_val, out, device = "auto";

  void run(Console& console) override {
    const detectors::Chain chain = as_usage([&] { return detectors::Chain(spec); });
    for (const auto& [role, split] :
         {std::pair("train", train), std::pair("val", val), std::pair("ood_val", ood_val)}) {
      if (chain.fits_on(role) && split.empty()) {
        throw UsageError(text("fit: [", chain.spec(), "] learns from the split '", role,
                              "'; name it with ", role, "=SET/SPLIT"));
      }
    }
    const detectors::FitSplits splits{train, val, parse_splits(ood_val, "ood_val")};
    do_together(threads.has_value(), console,
                [&](Communicator& processes, Console& own) { learn(splits, processes, own); });
  }

 private:
  // All of them get the detector; the first one keeps it.
  void learn(const detectors::FitSplits& splits, Communicator& processes,
             const Console& console) const {
    const fs::path folder = processes.is_first() ? target() : fs::path();
    const bank::BankViews views(bank::FeatureBank::open(bank));
    for (const std::string& split : {train, val}) {
      if (!split.empty()) views.at(split);
    }
    for (const std::string& split : splits.ood_val) views.at(split);
    const detectors::FittedDetector detector =
        detectors::fit_detector(views, spec, splits, executor_on(device), processes);
    if (!processes.is_first()) return;
    for (const std::string& notice : detector.chain.notices()) console.warn(notice);
    const bank::BankView& view = views.at(self_test_split(views));
    const auto rows = detectors::read_arrays(
        view,
        detectors::arrays_for(detector.chain.needs(), detectors::logits_from(views, {view.name})));
    detectors::save_detector(detector, detectors::to_batch(rows), folder);
    console.out << folder.string() << '\n';
    console.log << detector.chain.spec() << ": fitted and saved\n";
  }

  // It is known before the work whether it may be replaced. "DIR/" is DIR.
  fs::path target() const {
    fs::path folder = fs::path(out).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    detectors::check_detector_folder(folder);
    return folder;
  }

  // Any rows will do for the scores that are compared at every load.
  std::string self_test_split(const bank::BankViews& views) const {
    if (!train.empty()) return train;
    if (!val.empty()) return val;
    if (views.begin() == views.end()) {
      fail(bank, ": the bank is empty; extract or import a split");
    }
    return views.begin()->first;
  }
};

}  // namespace

VerbInfo fit() {
  return describe_verb<Fit>(
      {.name = "fit",
       .summary = "Fit a detector on a bank and save it.",
       .positional = "spec",
       .details = {"SPEC names a detector with its parameters, with shapers before it if wanted: "
                   "knn(k=50), react(q=0.9)+energy, mean(knn(k=5),vim). `nescio list detectors` "
                   "knows the names."},
       .examples = {"nescio fit 'knn(k=50)' bank=BANK train=cifar10/train out=knn50",
                    "nescio fit react+energy bank=BANK train=cifar10/train val=cifar10/val "
                    "out=react"},
       .options = {
           option(
               &Fit::spec,
               {.name = "spec", .doc = "the detector", .names = {"detectors"}, .required = true}),
           option(&Fit::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
           option(&Fit::train, {.name = "train", .doc = "split of training rows, SET/SPLIT"}),
           option(&Fit::val, {.name = "val", .doc = "split of validation rows, SET/SPLIT"}),
           option(&Fit::ood_val, {.name = "ood_val",
                                  .doc = "splits of OOD rows for detectors that choose on them, "
                                         "separated by commas"}),
           option(&Fit::out, {.name = "out",
                              .doc = "folder of the saved detector, replaced if it is there",
                              .required = true}),
           option(&Fit::device, detector_device_info())}});
}

}  // namespace nescio::cli::verbs
