// nescio import bank=BANK as=cifar10/train logits=Z.npy features=H.npy labels=Y.npy
// nescio import bank=BANK as=cifar10/test scores=msp.pkl
// nescio import bank=BANK as=science/train tokens=FILE.jsonl
#include <algorithm>
#include <ostream>

#include "bank/feature_bank.h"
#include "bank/token_answers.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "cli/foreign_array.h"
#include "cli/foreign_scores.h"
#include "cli/score_files.h"
#include "cli/verb.h"
#include "evaluation/imported.h"

namespace nescio::cli::verbs {
namespace {

class Import final : public Verb {
 public:
  std::string bank, as, logits, probabilities, features, labels, index, head_weight, head_bias;
  std::string scores, name, tokens;
  std::int64_t vocabulary = 128256, top = 5;
  std::string higher = "auto";
  bool replace = false;

  void run(Console& console) override {
    if (!scores.empty()) return import_scores(console);
    if (!tokens.empty()) return import_tokens(console);
    const bool has_rows = !(logits + probabilities + features + labels + index).empty();
    if (head_weight.empty() && !head_bias.empty()) {
      throw UsageError("import: head_bias= belongs to head_weight=, which is missing");
    }
    if (!logits.empty() && !probabilities.empty()) {
      throw UsageError("import: probabilities= stand in for logits=; give one of them");
    }
    if (!has_rows && head_weight.empty()) {
      throw UsageError(
          "import: nothing to import; give logits=, features=, labels= or scores= with as=, or "
          "head_weight=");
    }
    if (has_rows == as.empty()) {
      throw UsageError(as.empty() ? "import: missing as= (SET/SPLIT, what the rows are called)"
                                  : "import: as=" + as + " needs logits=, features= or labels=");
    }
    if (has_rows) check_split_option(as, "import: as");
    const std::vector<ForeignArray> arrays = read_arrays();
    const std::optional<Head> head = read_head();
    if (head) check_head(*head, arrays);

    bank::FeatureBank target = bank::FeatureBank::open_or_create(bank);
    if (head) {
      target.set_head(*head, {{"weight", head_weight}, {"bias", head_bias}});
      console.out << "head: " << to_string(head->weight.shape())
                  << (head_bias.empty() ? ", bias 0" : "") << '\n';
    }
    if (!arrays.empty()) write_rows(target, arrays, console);
    warn_of_mistakes(target, arrays, console);
  }

 private:
  // Of an option that is a whole split by itself.
  void check_alone(const std::string& option, const std::string& others) const {
    if (!(others + logits + probabilities + features + labels + index + head_weight + head_bias)
             .empty()) {
      throw UsageError("import: " + option +
                       "= stands alone with as=; import the other arrays first");
    }
    if (as.empty()) {
      throw UsageError(
          "import: missing as= (SET/SPLIT of the rows; of the ID set where the file "
          "holds several)");
    }
    check_split_option(as, "import: as");
  }

  // A row for each token of the answers.
  void import_tokens(Console& console) const {
    check_alone("tokens", scores);
    bank::FeatureBank target = bank::FeatureBank::open_or_create(bank);
    const nlohmann::json before = arrays_of(target, as);
    const auto facts = bank::import_tokens(
        target, as, tokens,
        {.vocabulary = static_cast<std::size_t>(vocabulary), .top = static_cast<std::size_t>(top)},
        rest(), console.progress);
    console.out << as << ": " << facts.rows << " tokens of " << facts.lines << " lines, the " << top
                << " most probable of each";
    if (facts.longer > 0) console.out << "; " << facts.longer << " rows had more";
    if (facts.shorter > 0) console.out << "; " << facts.shorter << " rows had fewer";
    console.out << '\n';
    say_what_changed(before, arrays_of(target, as), as, console);
  }

  // Every set of the file that has a place in the bank.
  void import_scores(Console& console) const {
    check_alone("scores", tokens);
    const std::string called = name.empty() ? name_of_file(scores) : name;
    const auto all = read_scores(scores, higher);
    bank::FeatureBank target = bank::FeatureBank::open_or_create(bank);
    for (const ForeignScores& one : all) {
      if (one.role == "ood_val") continue;  // which set it is, the file does not say
      const std::string split = one.set.empty() ? as : split_of_set(one.set);
      const nlohmann::json before = arrays_of(target, split);
      add_scores(target, split, called, one, scores, rest());
      console.out << split << ": " << one.scores.rows() << " scores of "
                  << evaluation::imported_spec(called) << '\n';
      say_what_changed(before, arrays_of(target, split), split, console);
    }
  }

  bank::Rest rest() const { return replace ? bank::Rest::dropped : bank::Rest::kept; }

  // All arrays of the split, checked one by one and against each other.
  std::vector<ForeignArray> read_arrays() const {
    using Content = ForeignArray::Content;
    std::vector<ForeignArray> arrays;
    const auto read = [&](const char* array, const std::string& source, Content content) {
      if (!source.empty()) arrays.push_back(read_foreign(array, source, content));
    };
    read("logits", logits, Content::values);
    read("logits", probabilities, Content::probabilities);
    read("features", features, Content::values);
    read("labels", labels, Content::integers);
    read("index", index, Content::integers);
    for (const ForeignArray& array : arrays) {
      const std::size_t rows = arrays.front().rows();
      if (array.rows() != rows) {
        fail(array.name(), ": expected ", rows, " rows as in ", arrays.front().name(), ", found ",
             array.rows(), " (", array.source(), ")",
             array.width() == rows ? "; it looks transposed: save x.T" : "");
      }
    }
    return arrays;
  }

  // A layer without bias is one with bias 0.
  std::optional<Head> read_head() const {
    if (head_weight.empty()) return std::nullopt;
    const auto weight = read_foreign("head_weight", head_weight, ForeignArray::Content::values);
    if (head_bias.empty()) {
      const Shape shape{weight.rows()};
      return Head{weight.all(), Array(shape, std::vector<float>(weight.rows()))};
    }
    const auto bias = read_foreign("head_bias", head_bias, ForeignArray::Content::vector);
    if (bias.rows() != weight.rows()) {
      fail("head_bias: expected [", weight.rows(), "] as head_weight has rows, found [",
           bias.rows(), "] (", head_bias, "); weight is [classes, features]",
           bias.rows() == weight.width() ? ", this one looks transposed" : "");
    }
    return Head{weight.all(), bias.all()};
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

  void write_rows(bank::FeatureBank& target, const std::vector<ForeignArray>& arrays,
                  Console& console) const {
    std::vector<bank::ArrayPlan> plans;
    for (const ForeignArray& array : arrays) plans.push_back(array.plan());
    const nlohmann::json before = arrays_of(target, as);
    const std::size_t rows = arrays.front().rows();
    constexpr std::size_t window = 16384;
    bank::SplitWriter writer(target, as, rows, std::move(plans), nlohmann::json::object(), rest());
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
    std::vector<std::string> kept;
    for (const std::string& array : target.arrays(as)) {
      if (std::ranges::find(arrays, array, &ForeignArray::name) == arrays.end()) {
        kept.push_back(array);
      }
    }
    if (!kept.empty()) console.out << "; beside " << join(kept) << " that were there";
    console.out << '\n';
    say_what_changed(before, arrays_of(target, as), as, console);
  }

  static nlohmann::json arrays_of(const bank::FeatureBank& bank, const std::string& split) {
    return bank.has(split) ? bank.manifest(split).at("arrays") : nlohmann::json::object();
  }

  // Arrays that were there and are gone, or others now.
  static void say_what_changed(const nlohmann::json& before, const nlohmann::json& after,
                               const std::string& split, Console& console) {
    std::vector<std::string> gone, replaced;
    for (const auto& [array, facts] : before.items()) {
      if (!after.contains(array)) {
        gone.push_back(array);
      } else if (after[array].at("sha256") != facts.at("sha256")) {
        replaced.push_back(array);
      }
    }
    if (!replaced.empty()) {
      console.warn(text(split, ": other values replaced those of ", join(replaced)));
    }
    if (!gone.empty()) console.warn(text(split, ": ", join(gone), " that were there are gone"));
  }

  // Nothing else would show them.
  void warn_of_mistakes(const bank::FeatureBank& target, const std::vector<ForeignArray>& arrays,
                        Console& console) const {
    for (const ForeignArray& array : arrays) {
      if (array.name() == "logits") warn_of_probabilities(array, console);
    }
    for (const std::string& split : target.splits()) {
      if (!as.empty() && split != as) continue;
      try {
        warn_of_strange_head(target, split, console);
        warn_of_strange_labels(target, split, console);
      } catch (const Error& e) {
        console.warn(e.what());  // a damaged array beside those that came in
      }
    }
  }

  void warn_of_probabilities(const ForeignArray& array, Console& console) const {
    const char* lost =
        "the size of the network's logits is lost, so detectors that read it (energy, max_logit "
        "...) say no more than msp";
    if (!probabilities.empty()) {
      console.warn(text(as, ": logits are the logarithms of probabilities: ", lost));
      return;
    }
    const std::string what = mistaken_logits(array);
    if (what == "log-probabilities") {
      console.warn(text("logits (", array.source(), "): every row is of ", what, ": ", lost));
    } else if (!what.empty()) {
      console.warn(text("logits (", array.source(), "): every row is of ", what,
                        ", taken as logits; import the logits, or give the file as probabilities= "
                        "and their logarithm is taken"));
    }
  }

  // A head of another network.
  static void warn_of_strange_head(const bank::FeatureBank& target, const std::string& split,
                                   Console& console) {
    const double error = head_error(target, split);
    if (error <= 0.01) return;
    console.warn(text(split, ": logits differ from features W^T + b by ", short_number(error),
                      " of their range; are head, logits and features of the same network?"));
  }

  static void warn_of_strange_labels(const bank::FeatureBank& target, const std::string& split,
                                     Console& console) {
    if (!target.has(split, "labels")) return;
    const std::string found = strange_labels(target.array(split, "labels"), target.classes());
    if (!found.empty()) console.warn(text(split, ": ", found));
  }
};

}  // namespace

VerbInfo import() {
  const char* file = "; .npy, .npz, .safetensors, .pth, .csv; of several arrays one as FILE#name";
  const auto array = [&](std::string Import::*member, const char* name, const std::string& doc) {
    return option(member, {.name = name, .doc = doc + file});
  };
  const When<Import> of_tokens = {"tokens=", [](const Import& i) { return !i.tokens.empty(); }};
  return describe_verb<Import>(
      {.name = "import",
       .summary = "Bring logits, features, labels, scores, answers about tokens and the head made "
                  "elsewhere "
                  "into a bank.",
       .details =
           {"The bank is made if it is not there. Arrays join those that the split has already, "
            "which must have as many rows; those of the same name are replaced, and it is said. Of "
            "a "
            "CSV whose first line names its columns, FILE.csv#label takes one, FILE.csv#cat,dog "
            "and "
            "'FILE.csv#feature_*' several side by side, 'FILE.csv#*' all. "
            "Logits and features become float32; NaN and infinity are refused. Sides of 1 behind "
            "the first do not count: [N, D, 1, 1] is [N, D].",
            "scores= takes scores instead: OpenOOD's scores/METHOD.pkl (every set in it: the "
            "ID set goes to as=, set NAME to NAME/test) or SET.npz, or an array [N]. They "
            "join the other arrays of the split, and `evaluate` measures them as the "
            "detector imported(name=NAME).",
            "tokens= takes what a language model said of the tokens of answers: lines of JSON "
            "{prompt, ground_truth, logprobs}, of each token the list [[token, log p], ...] with "
            "the "
            "token itself first, as vLLM writes prompt_logprobs. Each token becomes a row that "
            "logits-based fine-tuning reads; docs/file_formats.md describes its arrays."},
       .examples = {"nescio import bank=BANK as=cifar10/train logits=Z.npy features=H.npy "
                    "labels=Y.npy",
                    "nescio import bank=BANK head_weight=W.npy head_bias=b.npy",
                    "nescio import bank=BANK as=cifar10/test logits='out.npz#logits' "
                    "labels='out.npz#labels'",
                    "nescio import bank=BANK as=cifar10/test scores=msp.pkl",
                    "nescio import bank=BANK as=science/train tokens=answers.jsonl"},
       .options = {
           option(&Import::bank, {.name = "bank", .doc = "folder of the bank", .required = true}),
           option(&Import::as, {.name = "as", .doc = "what the rows are called, SET/SPLIT"}),
           array(&Import::logits, "logits", "the network's logits [N, C]"),
           array(&Import::probabilities, "probabilities",
                 "instead of logits: rows with sum 1, or 100 [N, C]; their logarithm is taken"),
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
           option(&Import::tokens,
                  {.name = "tokens", .doc = "answers of a language model, a .jsonl file"}),
           option(&Import::vocabulary,
                  {.name = "vocabulary",
                   .doc = "tokens that the language model knows; Llama 3 has 128256",
                   .min = 2,
                   .max = 2147483648},
                  of_tokens),
           option(&Import::top,
                  {.name = "top",
                   .doc = "slots of a token that are kept: itself and the most probable others",
                   .min = 1},
                  of_tokens),
           array(&Import::head_weight, "head_weight", "weight of the last layer [C, D]"),
           array(&Import::head_bias, "head_bias", "bias of the last layer [C]; 0 if not given"),
           option(&Import::replace,
                  {.name = "replace",
                   .doc = "throw away the arrays that the split has and that are not given"})}});
}

}  // namespace nescio::cli::verbs
