// nescio score DETECTOR model=resnet20:PATH.th data=PHOTO.jpg
// nescio score DETECTOR bank=BANK sets=cifar10/test,cifar100/test out=DIR
// nescio score DETECTOR features=H.npy logits=Z.npy
#include <filesystem>
#include <ostream>

#include "base/given_alike.h"
#include "cli/answers.h"
#include "cli/backbone.h"
#include "cli/bank_scores.h"
#include "cli/executors.h"
#include "cli/foreign_array.h"
#include "cli/launched.h"
#include "cli/picture_log.h"
#include "cli/picture_scores.h"
#include "cli/verb.h"
#include "detectors/saved_calibration.h"
#include "expr/divided.h"
#include "io/file.h"
#include "io/npy.h"

namespace nescio::cli::verbs {
namespace {

constexpr int found_ood = 3;  // exit status with fail_on_ood=true

class Score final : public Verb {
 public:
  std::string detector, bank, sets, model, data, features, logits, out, device = "auto";
  std::string calibration, format = "table", divide = "scored";
  std::optional<double> threshold, fdr;
  bool float64 = false, fail_on_ood = false;

  bool of_pictures() const { return !model.empty() || !data.empty(); }
  bool judges() const { return out.empty() || of_pictures(); }

  void run(Console& console) override {
    check_source(console);
    do_together(threads.has_value(), console,
                [&](Communicator& processes, Console& own) { answer(processes, own); });
  }

 private:
  // Processes divide the rows that are scored, or those that the detector holds; then each goes through all that are
  // scored.
  expr::Executor divided(const expr::Executor& executor, Communicator& processes) const {
    return divide == "fitted" && !of_pictures() ? expr::divided(executor, processes) : executor;
  }
  BankScores bank_scores(detectors::FittedDetector fitted, const bank::BankViews& views,
                         const std::string& name, const std::vector<std::string>& splits,
                         Communicator& processes) const {
    require_alike(processes, bank::contents_of(views, splits));
    return {std::move(fitted),
            views,
            name,
            splits,
            divided(executor_on(device), processes),
            divide == "fitted" ? alone() : processes};
  }
  // Before the detector's self-test, which processes that divide it do together.
  void require_alike_words(Communicator& processes) const {
    if (processes.size() == 1) return;
    require_alike(processes, {{"the detector", detectors::learned_sha256(detector)},
                              {"divide", divide},
                              {"sets", sets},
                              {"features", features},
                              {"logits", logits}});
  }

  void answer(Communicator& processes, Console& console) const {
    require_alike_words(processes);
    detectors::FittedDetector fitted =
        detectors::load_detector(detector, divided(expr::Executor::cpu, processes));
    const detectors::Calibrations known = detectors::load_calibrations(detector);
    const bool calibrated = !known.all.empty() || !calibration.empty();
    const calibration::Calibration* made = calibrated ? &known.find(calibration).made : nullptr;
    if (!judges()) return write_scores(std::move(fitted), processes, console);
    if (fail_on_ood && !made && !threshold) {
      throw UsageError(
          "score: fail_on_ood= wants a threshold: calibrate the detector or give threshold=");
    }
    const auto network = of_pictures() ? load_network(fitted, console) : nullptr;
    auto names = class_names(fitted);
    if (names.empty() && network) names = network->class_names();
    AnswerWriter writer(console.out, answer_format(console), {made, threshold, fdr}, names);
    if (network) {
      answer_pictures(fitted, *network, writer, processes, console);
    } else {
      answer_rows(std::move(fitted), writer, processes, console);
    }
    if (writer.finish() > 0 && fail_on_ood) console.status = found_ood;
  }

  void check_source(const Console& console) {
    const bool pictures = !model.empty() && !data.empty();
    const bool rows = !bank.empty() && !sets.empty();
    const bool arrays = !features.empty() || !logits.empty();
    const bool half = (of_pictures() && !pictures) || (bank.empty() != sets.empty());
    if (half || pictures + rows + arrays != 1) {
      throw UsageError(
          "score: give model= and data= (pictures), bank= and sets= (rows of a bank), or features= "
          "and logits= (files)");
    }
    if (arrays && !out.empty()) throw UsageError("score: out= is for pictures and banks");
    if (!judges() && console.json) {
      throw UsageError("score: with out= a bank's scores are .npy files, not JSON");
    }
    if (console.json && format != "table") {
      throw UsageError(text("score: give one of format=", format, " and --json"));
    }
    if (threshold && fdr) {
      throw UsageError("score: give one of threshold= and fdr=; each says which rows are flagged");
    }
    splits_ = parse_splits(sets, "score: sets");
  }

  AnswerFormat answer_format(const Console& console) const {
    if (console.json) return AnswerFormat::json;
    return format == "csv" ? AnswerFormat::csv : AnswerFormat::table;
  }

  std::unique_ptr<runtime::Backbone> load_network(const detectors::FittedDetector& fitted,
                                                  const Console& console) const {
    auto network = load_backbone(model, device);
    for (const std::string& notice : network->notices()) console.warn(notice);
    if (!check_network(fitted, network->identity(), network->classes())) {
      console.log << "nescio: " << detector
                  << " was fitted on imported features; whether they are of this network is not "
                     "known\n";
    }
    return network;
  }

  void answer_pictures(const detectors::FittedDetector& fitted, const runtime::Backbone& network,
                       AnswerWriter& writer, Communicator& processes,
                       const Console& console) const {
    const auto pictures = image::open_dataset(data);
    warn_of_pictures(*pictures, console);
    if (processes.size() > 1) {
      require_alike(processes, {{"the SHA-256 of data", pictures->hash()},
                                {"the network", network.identity().value("weights_sha256", "")}});
    }
    std::vector<double> kept;
    const auto take = [&](const PictureScore& p) {
      if (!out.empty()) kept.push_back(p.score);
      writer.add({p.name, static_cast<std::uint32_t>(p.predicted), p.score});
    };
    PictureScorer(fitted, network).score(*pictures, take, console.progress, processes);
    if (out.empty() || !processes.is_first()) return;
    const Shape shape{kept.size()};
    const Array wide(shape, std::move(kept));
    io::write_npy(std::filesystem::path(out) / "scores.npy", float64 ? wide : wide.to_float32());
  }

  // Rows of a bank or of files, which are made a bank of one split.
  void answer_rows(detectors::FittedDetector fitted, AnswerWriter& writer, Communicator& processes,
                   const Console& console) const {
    const bool files = bank.empty();
    const bank::BankViews views =
        files ? views_of_files() : bank::BankViews(bank::FeatureBank::open(bank));
    const auto splits = files ? std::vector{name_of_files()} : splits_;
    const BankScores scores = bank_scores(std::move(fitted), views, bank, splits, processes);
    for (const std::string& split : splits) {
      const calibration::ScoredRows rows = scores.rows(split, console.progress);
      for (std::size_t r = 0; r < rows.scores.size(); ++r) {
        ScoredRow row{.name = files ? text(r) : text(split, ":", r), .score = rows.scores[r]};
        if (!rows.predicted.empty()) row.predicted = rows.predicted[r];
        writer.add(row);
      }
    }
  }

  std::string name_of_files() const {
    const bool both = !features.empty() && !logits.empty();
    return features + (both ? " and " : "") + logits;
  }

  bank::BankViews views_of_files() const {
    std::map<std::string, Array> arrays;
    for (const auto& [name, file] :
         {std::pair("features", features), std::pair("logits", logits)}) {
      if (file.empty()) continue;
      arrays.emplace(name, read_foreign(name, file, ForeignArray::Content::values).all());
    }
    if (arrays.size() == 2 && arrays.at("features").rows() != arrays.at("logits").rows()) {
      fail("expected as many rows, found ", arrays.at("features").rows(), " in ", features, " and ",
           arrays.at("logits").rows(), " in ", logits);
    }
    return bank::BankViews().with(bank::view_of(name_of_files(), arrays, std::nullopt));
  }

  // The first of the processes writes what all of them have computed.
  void write_scores(detectors::FittedDetector fitted, Communicator& processes,
                    const Console& console) const {
    const bank::BankViews views(bank::FeatureBank::open(bank));
    const BankScores scores = bank_scores(std::move(fitted), views, bank, splits_, processes);
    for (const std::string& split : splits_) {
      const auto path = std::filesystem::path(out) / (split + ".npy");
      if (float64) {
        write<double>(scores, views.at(split), path, processes.is_first(), console.progress);
      } else {
        write<float>(scores, views.at(split), path, processes.is_first(), console.progress);
      }
      console.out << path.string() << '\n';
    }
  }

  template <class T>
  static void write(const BankScores& scores, const bank::BankView& view,
                    const std::filesystem::path& path, bool keeps, const Progress& progress) {
    std::optional<io::AtomicFile> file;
    if (keeps) {
      file.emplace(path);
      file->write(io::npy_header(dtype_of<T>(), {view.rows}));
    }
    const evaluation::TakeScores<T> take = [&](std::size_t, const auto& windows) {
      if (file) file->write(windows[0].data(), windows[0].size_bytes());
    };
    scores.stream<T>(view.name, take, progress);
    if (file) file->commit();
  }

  std::vector<std::string> splits_;
};

}  // namespace

VerbInfo score() {
  const auto judges = [](const Score& s) { return s.judges(); };
  return describe_verb<Score>(
      {.name = "score",
       .summary =
           "Score pictures, rows of a bank or arrays with a saved detector, and say which are "
           "unknown.",
       .positional = "detector",
       .details =
           {"Says for each picture or row the class that the network sees and the score; higher = "
            "more OOD. Where the detector is calibrated (`nescio calibrate`) also the threshold, "
            "whether the row is flagged, and its p-value: how often a known row would score as "
            "high. "
            "A table, a sentence for one picture, format=csv, or --json: a line for each.",
            "Pictures: model must be the network that the detector was fitted on. With out=DIR the "
            "scores are in DIR/scores.npy, too.",
            "A bank: with out=DIR only the scores are written, DIR/<set>/<split>.npy, one per row.",
            "Exit status 0 whatever is found; with fail_on_ood=true it is 3 where a row is "
            "flagged."},
       .examples = {"nescio score knn50 model=resnet20:resnet20.th data=photo.jpg",
                    "nescio score knn50 model=resnet20:resnet20.th data=photos format=csv fdr=0.1",
                    "nescio score knn50 features=H.npy logits=Z.npy --json",
                    "nescio score knn50 bank=BANK sets=cifar10/test,cifar100/test out=scores"},
       .options =
           {option(&Score::detector,
                   {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
            option(&Score::model, model_info()),
            option(&Score::data, {.name = "data",
                                  .doc = "a picture, a folder of pictures, or "
                                         "TYPE:PATH?key=value&...",
                                  .names = {"datasets"}}),
            option(&Score::bank, {.name = "bank", .doc = "folder of the bank"}),
            option(&Score::sets,
                   {.name = "sets", .doc = "splits to score, SET/SPLIT, separated by commas"}),
            option(&Score::features, {.name = "features", .doc = "file of features [N, D]"}),
            option(&Score::logits, {.name = "logits", .doc = "file of logits [N, C]"}),
            option(&Score::out, {.name = "out", .doc = "folder of the scores"}),
            option(&Score::float64, {.name = "float64", .doc = "write float64 instead of float32"},
                   {"out=", [](const Score& s) { return !s.out.empty(); }}),
            option(&Score::calibration,
                   {.name = "calibration", .doc = "name of a calibration; else the active one"},
                   {"answers", judges}),
            option(&Score::threshold,
                   {.name = "threshold",
                    .doc = "flags scores above it, in place of the calibration's"},
                   {"answers", judges}),
            option(&Score::fdr,
                   {.name = "fdr",
                    .doc = "flags rows by their p-values so that of those that are flagged at most "
                           "this share is expected to be known (Benjamini and Hochberg)",
                    .min = 0,
                    .max = 1,
                    .min_excluded = true,
                    .max_excluded = true},
                   {"answers", judges}),
            option(&Score::format,
                   {.name = "format", .doc = "of the answers", .choices = {"table", "csv"}},
                   {"answers", judges}),
            option(&Score::fail_on_ood,
                   {.name = "fail_on_ood", .doc = "exit status 3 if a row is flagged"},
                   {"answers", judges}),
            option(
                &Score::divide,
                {.name = "divide",
                 .doc = "what processes that mpirun, srun or torchrun starts divide: the rows "
                        "that are scored, or those that the detector was fitted on and holds, "
                        "as knn does, which then need not fit into one machine",
                 .choices = {"scored", "fitted"}},
                {"bank=, features= or logits=", [](const Score& s) { return !s.of_pictures(); }}),
            option(
                &Score::device,
                {.name = "device",
                 .doc = device_info().doc +
                        ": of the network; detectors on rows are computed on the CPU, with cuda or "
                        "cuda:N by libtorch"})},
       .json = true});
}

}  // namespace nescio::cli::verbs
