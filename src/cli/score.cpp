// nescio score DETECTOR bank=BANK sets=cifar10/test,cifar100/test out=DIR
#include <filesystem>
#include <ostream>

#include "cli/verb.h"
#include "detectors/saved_detector.h"
#include "evaluation/score_stream.h"
#include "io/file.h"
#include "io/npy.h"

namespace nescio::verbs {
namespace {

class Score final : public Verb {
 public:
  std::string detector, bank, sets, out;
  bool float64 = false;

  void run(Console& console) override {
    const auto splits = parse_splits(sets, "sets");
    const FittedDetector fitted = load_detector(detector);
    const FeatureBank features = FeatureBank::open(bank);
    for (const std::string& split : splits) check(fitted, features, split);
    const auto program = fitted.compile();
    for (const std::string& split : splits) {
      const auto path = std::filesystem::path(out) / (split + ".npy");
      if (float64) {
        write<double>(fitted, features, split, *program, path, console.progress);
      } else {
        write<float>(fitted, features, split, *program, path, console.progress);
      }
      console.out << path.string() << '\n';
    }
  }

 private:
  // The bank must be of the network that the detector was fitted on, as far as shapes tell.
  void check(const FittedDetector& fitted, const FeatureBank& features,
             const std::string& split) const {
    if (features.rows(split) == 0) fail(split, " has no rows");
    const Needs needs = fitted.chain.needs();
    const auto compare = [&](const char* name, std::size_t expected) {
      if (!features.has(split, name)) {
        fail("[", fitted.chain.spec(), "] needs ", name, ", which ", split, " of ", bank,
             " has not");
      }
      const Array array = features.array(split, name);
      if (array.cols() != expected) {
        fail("[", fitted.chain.spec(), "] ", name, ": expected [N, ", expected, "], found ",
             to_string(array.shape()), " (", split,
             "); the detector was fitted on another network's bank");
      }
    };
    if (needs.logits) compare("logits", fitted.classes);
    if (needs.features) compare("features", fitted.feature_width);
  }

  template <class T>
  static void write(const FittedDetector& fitted, const FeatureBank& features,
                    const std::string& split, const Program& program,
                    const std::filesystem::path& path, const Progress& progress) {
    AtomicFile file(path);
    file.write(npy_header(dtype_of<T>(), {features.rows(split)}));
    const TakeScores<T> take = [&](std::size_t, const auto& windows) {
      file.write(windows[0].data(), windows[0].size_bytes());
    };
    stream_scores(features, split, program, {fitted.chain.spec()}, take, progress);
    file.commit();
  }
};

}  // namespace

VerbInfo score() {
  return describe_verb<Score>(
      {.name = "score",
       .summary = "Score the rows of a bank's splits with a saved detector.",
       .positional = "detector",
       .details = {"Writes DIR/<set>/<split>.npy, one score per row; higher = more OOD."},
       .examples = {"nescio score knn50 bank=BANK sets=cifar10/test,cifar100/test out=scores"},
       .options = {
           option(&Score::detector,
                  {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
           option(&Score::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
           option(&Score::sets, {.name = "sets",
                                 .doc = "splits to score, SET/SPLIT, separated by commas",
                                 .required = true}),
           option(&Score::out, {.name = "out", .doc = "folder of the scores", .required = true}),
           option(&Score::float64,
                  {.name = "float64", .doc = "write float64 instead of float32"})}});
}

}  // namespace nescio::verbs
