// nescio import bank=BANK as=cifar10/train logits=Z.npy features=H.npy labels=Y.npy
// nescio import bank=BANK as=cifar10/test scores=msp.pkl
#include <ostream>

#include "bank/feature_bank.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "cli/foreign_array.h"
#include "cli/foreign_scores.h"
#include "cli/score_files.h"
#include "cli/verb.h"
#include "evaluation/imported.h"

namespace nescio::verbs {
namespace {

class Import final : public Verb {
 public:
  std::string bank, as, logits, features, labels, index, head_weight, head_bias;
  std::string scores, name;
  std::string higher = "auto";

  void run(Console& console) override {
    if (!scores.empty()) return import_scores(console);
    const bool has_rows = !(logits + features + labels + index).empty();
    if (head_weight.empty() != head_bias.empty()) {
      throw UsageError("import: head_weight and head_bias belong together; one is missing");
    }
    if (!has_rows && head_weight.empty()) {
      throw UsageError(
          "import: nothing to import; give logits=, features=, labels= or scores= with as=, or "
          "head_weight= and head_bias=");
    }
    if (has_rows == as.empty()) {
      throw UsageError(as.empty() ? "import: missing as= (SET/SPLIT, what the rows are called)"
                                  : "import: as=" + as + " needs logits=, features= or labels=");
    }
    if (has_rows) check_split_option(as, "import: as");
    const std::vector<ForeignArray> arrays = read_arrays();
    const std::optional<Head> head = read_head();
    if (head) check_head(*head, arrays);

    FeatureBank target = FeatureBank::open_or_create(bank);
    if (head) {
      target.set_head(*head, {{"weight", head_weight}, {"bias", head_bias}});
      console.out << "head: " << to_string(head->weight.shape()) << '\n';
    }
    if (!arrays.empty()) write_rows(target, arrays, console);
    warn_of_strange_head(target, console);
  }

 private:
  // Every set of the file that has a place in the bank.
  void import_scores(Console& console) const {
    if (!(logits + features + labels + index + head_weight + head_bias).empty()) {
      throw UsageError("import: scores= stands alone with as=; import the other arrays first");
    }
    if (as.empty()) {
      throw UsageError(
          "import: missing as= (SET/SPLIT of the rows; of the ID set where the file "
          "holds several)");
    }
    check_split_option(as, "import: as");
    const std::string called = name.empty() ? name_of_file(scores) : name;
    const auto all = read_scores(scores, higher);
    FeatureBank target = FeatureBank::open_or_create(bank);
    for (const ForeignScores& one : all) {
      if (one.role == "ood_val") continue;  // which set it is, the file does not say
      const std::string split = one.set.empty() ? as : split_of_set(one.set);
      add_scores(target, split, called, one, scores);
      console.out << split << ": " << one.scores.rows() << " scores of " << imported_spec(called)
                  << '\n';
    }
  }

  // All arrays of the split, checked one by one and against each other.
  std::vector<ForeignArray> read_arrays() const {
    std::vector<ForeignArray> arrays;
    if (!logits.empty()) arrays.push_back(read_values("logits", logits));
    if (!features.empty()) arrays.push_back(read_values("features", features));
    if (!labels.empty()) arrays.push_back(read_integers("labels", labels));
    if (!index.empty()) arrays.push_back(read_integers("index", index));
    for (const ForeignArray& array : arrays) {
      if (array.rows() != arrays.front().rows()) {
        fail(array.name(), ": expected ", arrays.front().rows(), " rows as in ",
             arrays.front().name(), ", found ", array.rows(), " (", array.source(), ")");
      }
    }
    return arrays;
  }

  std::optional<Head> read_head() const {
    if (head_weight.empty()) return std::nullopt;
    const ForeignArray weight = read_values("head_weight", head_weight);
    const ForeignArray bias = read_vector("head_bias", head_bias);
    if (bias.rows() != weight.rows()) {
      fail("head_bias: expected [", weight.rows(), "] as head_weight has rows, found [",
           bias.rows(), "] (", head_bias, "); weight is [classes, features]",
           bias.rows() == weight.width() ? ", this one looks transposed" : "");
    }
    return Head{weight.window(0, weight.rows()), bias.window(0, bias.rows())};
  }

  static void check_head(const Head& head, const std::vector<ForeignArray>& arrays) {
    for (const ForeignArray& array : arrays) {
      const std::size_t expected = array.name() == "logits"     ? head.weight.rows()
                                   : array.name() == "features" ? head.weight.cols()
                                                                : array.width();
      if (array.width() != expected) {
        fail(array.name(), ": expected [N, ", expected, "] to fit head_weight ",
             to_string(head.weight.shape()), ", found [", array.rows(), ", ", array.width(), "] (",
             array.source(), ")");
      }
    }
  }

  void write_rows(FeatureBank& target, const std::vector<ForeignArray>& arrays,
                  Console& console) const {
    std::vector<ArrayPlan> plans;
    nlohmann::json sources;
    for (const ForeignArray& array : arrays) {
      plans.push_back(array.plan());
      sources[array.name()] = {{"from", array.source()}, {"sha256", array.sha256()}};
    }
    const std::size_t rows = arrays.front().rows();
    constexpr std::size_t window = 16384;
    SplitWriter writer(target, as, rows, std::move(plans), {{"import", sources}});
    while (writer.done() < rows) {
      check_interrupt();
      if (console.progress) console.progress("importing " + as, writer.done(), rows);
      const std::size_t count = std::min(window, rows - writer.done());
      for (const ForeignArray& array : arrays) {
        writer.write(array.name(), array.window(writer.done(), count));
      }
      writer.commit(count);
    }
    writer.finish();
    console.out << as << ": " << rows << " rows";
    for (const ForeignArray& array : arrays) {
      console.out << ", " << array.name();
      if (array.width() > 1) console.out << " [" << array.width() << "]";
    }
    console.out << '\n';
  }

  // A head of another network is a mistake that nothing else would show.
  void warn_of_strange_head(const FeatureBank& target, Console& console) const {
    for (const std::string& split : target.splits()) {
      if (!as.empty() && split != as) continue;
      const double error = head_error(target, split);
      if (error > 0.01) {
        console.warn(text(split, ": logits differ from features W^T + b by ", short_number(error),
                          " of their range; are head, logits and features of the same network?"));
      }
    }
  }
};

}  // namespace

VerbInfo import() {
  const char* file = "; a .npy file, or a member of a .npz or .safetensors file as FILE#name";
  const auto array = [&](std::string Import::*member, const char* name, const std::string& doc) {
    return option(member, {.name = name, .doc = doc + file});
  };
  return describe_verb<Import>(
      {.name = "import",
       .summary = "Bring logits, features, labels, scores and the head made elsewhere into a bank.",
       .details =
           {"The bank is made if it is not there; a split of the same name is replaced. "
            "Values become float32; NaN and infinity are refused.",
            "scores= takes scores instead: OpenOOD's scores/METHOD.pkl (every set in it: the "
            "ID set goes to as=, set NAME to NAME/test) or SET.npz, or an array [N]. They "
            "join the other arrays of the split, and `evaluate` measures them as the "
            "detector imported(name=NAME)."},
       .examples = {"nescio import bank=BANK as=cifar10/train logits=Z.npy features=H.npy "
                    "labels=Y.npy",
                    "nescio import bank=BANK head_weight=W.npy head_bias=b.npy",
                    "nescio import bank=BANK as=cifar10/test logits='out.npz#logits' "
                    "labels='out.npz#labels'",
                    "nescio import bank=BANK as=cifar10/test scores=msp.pkl"},
       .options = {
           option(&Import::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
           option(&Import::as, {.name = "as", .doc = "what the rows are called, SET/SPLIT"}),
           array(&Import::logits, "logits", "the network's logits [N, C]"),
           array(&Import::features, "features", "what its last layer reads [N, D]"),
           array(&Import::labels, "labels", "class of each row [N], whole numbers, -1 = none"),
           array(&Import::index, "index", "row in the source data [N], whole numbers"),
           option(&Import::scores,
                  {.name = "scores",
                   .doc = "OOD scores [N] of a detector: a .pkl or .npz of OpenOOD, or an array"}),
           option(
               &Import::name,
               {.name = "name", .doc = "what the scores are called; the file's name if not given"}),
           option(&Import::higher,
                  {.name = "higher",
                   .doc = "what a high score in the file means: id, ood, or auto (id for OpenOOD's "
                          "files, ood for arrays)",
                   .choices = {"auto", "id", "ood"}}),
           array(&Import::head_weight, "head_weight", "weight of the last layer [C, D]"),
           array(&Import::head_bias, "head_bias", "bias of the last layer [C]")}});
}

}  // namespace nescio::verbs
