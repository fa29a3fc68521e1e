// nescio score DETECTOR model=resnet20:PATH.th data=PHOTO.jpg
// nescio score DETECTOR bank=BANK sets=cifar10/test,cifar100/test out=DIR
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/numbers.h"
#include "cli/network_part.h"
#include "cli/picture_log.h"
#include "cli/picture_scores.h"
#include "cli/verb.h"
#include "evaluation/score_stream.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "report/table.h"

namespace nescio::cli::verbs {
namespace {

class Score final : public Verb {
 public:
  std::string detector, bank, sets, model, data, out, device = "auto";
  bool float64 = false;

  void run(Console& console) override {
    const bool of_pictures = bank.empty() && sets.empty() && !model.empty() && !data.empty();
    const bool of_bank =
        model.empty() && data.empty() && !bank.empty() && !sets.empty() && !out.empty();
    if (!of_pictures && !of_bank) {
      throw UsageError(
          "score: give model= and data= (pictures), or bank=, sets= and out= (rows of a bank)");
    }
    if (of_bank && console.json) {
      fail_usage("score: --json is for pictures; the scores of a bank are .npy files");
    }
    const auto splits = parse_splits(sets, "score: sets");
    detectors::FittedDetector fitted = detectors::load_detector(detector);
    if (of_pictures) {
      score_data(fitted, console);
    } else {
      score_bank(fitted, splits, console);
    }
  }

 private:
  void score_data(const detectors::FittedDetector& fitted, const Console& console) const {
    const auto network = needed_network_part().load_backbone(model, device);
    for (const std::string& notice : network->notices()) console.warn(notice);
    if (!check_network(fitted, network->identity(), network->classes())) {
      console.log << "nescio: " << detector
                  << " was fitted on imported features; whether they are of this network is not "
                     "known\n";
    }
    const auto pictures = image::open_dataset(data);
    warn_of_pictures(*pictures, console);
    const auto scores = score_pictures(fitted, *network, *pictures, console.progress);
    if (!out.empty()) write(scores);
    if (console.json) {
      write_json(console.out, fitted, scores);
    } else {
      write_table(console.out, fitted, scores);
    }
  }

  static void write_table(std::ostream& to, const detectors::FittedDetector& fitted,
                          const std::vector<PictureScore>& scores) {
    const auto names = class_names(fitted);
    report::TextTable table{.columns = {{"picture"}, {"class", true}, {"name"}, {"score", true}}};
    for (const PictureScore& p : scores) {
      const std::string name = p.predicted < names.size() ? names[p.predicted] : "-";
      table.rows.push_back({p.name, text(p.predicted), name, short_number(p.score)});
    }
    to << report::to_text(table);
  }

  static void write_json(std::ostream& to, const detectors::FittedDetector& fitted,
                         const std::vector<PictureScore>& scores) {
    const auto names = class_names(fitted);
    nlohmann::ordered_json answer = {{"detector", fitted.chain.spec()},
                                     {"pictures", nlohmann::json::array()}};
    for (const PictureScore& p : scores) {
      nlohmann::ordered_json picture = {{"picture", p.name}, {"class", p.predicted}};
      if (p.predicted < names.size()) picture["class_name"] = names[p.predicted];
      picture["score"] = p.score;
      answer["pictures"].push_back(std::move(picture));
    }
    to << io::json_text(answer);
  }

  void write(const std::vector<PictureScore>& scores) const {
    std::vector<double> values;
    for (const PictureScore& p : scores) values.push_back(p.score);
    const Shape shape{values.size()};
    const Array wide(shape, std::move(values));
    io::write_npy(std::filesystem::path(out) / "scores.npy", float64 ? wide : wide.to_float32());
  }

  void score_bank(detectors::FittedDetector& fitted, const std::vector<std::string>& splits,
                  const Console& console) const {
    const bank::BankViews views(bank::FeatureBank::open(bank));
    for (const std::string& split : splits) views.at(split);
    check_network(fitted, views.origin().at("model"), views.classes());
    const detectors::LogitsFrom logits = logits_of(fitted, views, splits);
    for (const std::string& split : splits) check(fitted, views.at(split), logits);
    const auto program = fitted.compile(expr::Executor::cpu, logits);
    for (const std::string& split : splits) {
      const auto path = std::filesystem::path(out) / (split + ".npy");
      if (float64) {
        write<double>(fitted, views.at(split), *program, logits, path, console.progress);
      } else {
        write<float>(fitted, views.at(split), *program, logits, path, console.progress);
      }
      console.out << path.string() << '\n';
    }
  }

  // Rows without logits get them from their features and the head, of the bank or of the detector.
  static detectors::LogitsFrom logits_of(detectors::FittedDetector& fitted,
                                         const bank::BankViews& views,
                                         const std::vector<std::string>& splits) {
    const auto given = [&](const std::string& split) { return views.has(split, "logits"); };
    if (!fitted.chain.needs().logits || std::ranges::all_of(splits, given)) {
      return detectors::LogitsFrom::network;
    }
    if (!fitted.head) fitted.head = views.head();
    if (!fitted.head) return detectors::LogitsFrom::network;
    if (fitted.feature_width == 0) fitted.feature_width = fitted.head->weight.cols();
    return detectors::LogitsFrom::head;
  }

  // The bank must be of the network that the detector was fitted on, as far as shapes tell.
  void check(const detectors::FittedDetector& fitted, const bank::BankView& view,
             detectors::LogitsFrom logits) const {
    const std::string& split = view.name;
    if (view.rows == 0) fail(split, " has no rows");
    const detectors::Needs needs = fitted.chain.needs();
    const auto compare = [&](const std::string& name, std::size_t expected) {
      if (!view.has(name)) {
        fail("[", fitted.chain.spec(), "] needs ", name, ", which ", split, " of ", bank,
             " has not");
      }
      const bank::ViewedArray& array = view.arrays.at(name);
      if (!array.is_matrix() || array.shape[1] != expected) {
        fail("[", fitted.chain.spec(), "] ", name, ": expected [N, ", expected, "], found ",
             to_string(array.shape), " (", split,
             "); the detector was fitted on another network's bank");
      }
    };
    const std::string missing = detectors::missing_in(view, {.arrays = needs.arrays}, false);
    if (!missing.empty()) fail("[", fitted.chain.spec(), "] ", missing);
    const bool by_head = needs.logits && logits == detectors::LogitsFrom::head;
    if (by_head && fitted.head->weight.rows() != fitted.classes) {
      fail("[", fitted.chain.spec(), "] was fitted on a network of ", fitted.classes,
           " classes, the head of ", bank, " has ", fitted.head->weight.rows());
    }
    if (needs.logits && !by_head) compare("logits", fitted.classes);
    if (needs.features || by_head) compare("features", fitted.feature_width);
    for (const auto& [name, width] : fitted.arrays) compare(name, width);
  }

  template <class T>
  static void write(const detectors::FittedDetector& fitted, const bank::BankView& view,
                    const expr::Program& program, detectors::LogitsFrom logits,
                    const std::filesystem::path& path, const Progress& progress) {
    io::AtomicFile file(path);
    file.write(io::npy_header(dtype_of<T>(), {view.rows}));
    const evaluation::TakeScores<T> take = [&](std::size_t, const auto& windows) {
      file.write(windows[0].data(), windows[0].size_bytes());
    };
    evaluation::stream_scores(view, detectors::arrays_for(fitted.chain.needs(), logits), program,
                              {fitted.chain.spec()}, take, progress);
    file.commit();
  }
};

}  // namespace

VerbInfo score() {
  return describe_verb<Score>(
      {.name = "score",
       .summary = "Score pictures, or the rows of a bank's splits, with a saved detector.",
       .positional = "detector",
       .details =
           {"Pictures: prints the name, the class that the network sees, and the score of each; "
            "higher = more OOD. model must be the network that the detector was fitted on. With "
            "out=DIR the scores are in DIR/scores.npy, too.",
            "A bank: writes DIR/<set>/<split>.npy, one score per row."},
       .examples = {"nescio score knn50 model=resnet20:resnet20.th data=photo.jpg",
                    "nescio score knn50 bank=BANK sets=cifar10/test,cifar100/test out=scores"},
       .options = {option(&Score::detector,
                          {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
                   option(&Score::model, model_info()),
                   option(&Score::data,
                          {.name = "data",
                           .doc = "a picture, a folder of pictures, or TYPE:PATH?key=value&...",
                           .names = {"datasets"}}),
                   option(&Score::bank, {.name = "bank", .doc = "folder of the bank"}),
                   option(&Score::sets, {.name = "sets",
                                         .doc = "splits to score, SET/SPLIT, separated by commas"}),
                   option(&Score::out, {.name = "out", .doc = "folder of the scores"}),
                   option(&Score::float64,
                          {.name = "float64", .doc = "write float64 instead of float32"},
                          {"out=", [](const Score& s) { return !s.out.empty(); }}),
                   option(&Score::device, device_info(),
                          {"model=", [](const Score& s) { return !s.model.empty(); }})},
       .json = true});
}

}  // namespace nescio::cli::verbs
