// nescio fit 'knn(k=50)' bank=BANK train=cifar10/train out=DETECTOR
#include <filesystem>
#include <ostream>

#include "cli/verb.h"
#include "detectors/saved_detector.h"

namespace nescio::verbs {
namespace {

namespace fs = std::filesystem;

class Fit final : public Verb {
 public:
  std::string spec, bank, train, val, ood_val, out;

  void run(Console& console) override {
    const Chain chain = as_usage([&] { return Chain(spec); });
    for (const auto& [role, split] :
         {std::pair("train", train), std::pair("val", val), std::pair("ood_val", ood_val)}) {
      if (chain.fits_on(role) && split.empty()) {
        throw UsageError(text("fit: [", chain.spec(), "] learns from the split '", role,
                              "'; name it with ", role, "=SET/SPLIT"));
      }
    }
    const FitSplits splits{train, val, parse_splits(ood_val, "ood_val")};
    const fs::path folder = target();
    const FeatureBank features = FeatureBank::open(bank);
    for (const std::string& split : {train, val}) {
      if (!split.empty()) features.rows(split);
    }
    for (const std::string& split : splits.ood_val) features.rows(split);
    const FittedDetector detector = fit_detector(features, spec, splits);
    for (const std::string& notice : detector.chain.notices()) console.warn(notice);
    const BankView view = BankViews(features).at(self_test_split(features));
    const auto rows =
        read_arrays(view, arrays_for(chain.needs(), logits_from(features, {view.name})));
    save_detector(detector, to_batch(rows), folder);
    console.out << folder.string() << '\n';
    console.log << chain.spec() << ": fitted and saved\n";
  }

 private:
  // It is known before the work whether it may be replaced. "DIR/" is DIR.
  fs::path target() const {
    fs::path folder = fs::path(out).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    check_detector_folder(folder);
    return folder;
  }

  // Any rows will do for the scores that are compared at every load.
  std::string self_test_split(const FeatureBank& features) const {
    if (!train.empty()) return train;
    if (!val.empty()) return val;
    if (features.splits().empty()) fail(bank, ": the bank is empty; extract or import a split");
    return features.splits().front();
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
                              .required = true})}});
}

}  // namespace nescio::verbs
