// nescio verify model_ood.onnx detector=DETECTOR data=photos
#include <filesystem>
#include <limits>
#include <ostream>

#include "cli/onnx_part.h"
#include "cli/picture_scores.h"
#include "cli/verb.h"
#include "detectors/saved_calibration.h"
#include "detectors/saved_detector.h"
#include "io/json_file.h"
#ifdef NESCIO_ONNX
#include "base/half.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "base/rng.h"
#include "base/row_argmax.h"
#include "base/typed_spec.h"
#include "cli/picture_log.h"
#include "image/loading/loader.h"
#include "onnx/model.h"
#include "onnx/onnx_backbone.h"
#include "onnx/self_test.h"
#include "report/table.h"
#endif

namespace nescio::cli::verbs {
namespace {

class Verify final : public Verb {
 public:
  std::string model, detector, data;
  double tolerance = 1e-4;

#ifdef NESCIO_ONNX
  static constexpr std::size_t batch_rows = 16;

  void run(Console& console) override {
    if (!data.empty() && detector.empty()) {
      throw UsageError("verify: data= wants detector=, which says what the scores should be");
    }
    const bool typed = split_typed_spec(model).type == nescio::onnx::spec_type;
    const std::string spec = typed ? model : text(nescio::onnx::spec_type, ":", model);
    const std::string path(split_typed_spec(spec).path);
    const nescio::onnx::Model read{std::filesystem::path(path)};
    metadata_ = read.metadata();
    if (!metadata_.contains("nescio.detector")) {
      fail(path, ": holds no detector; expected a model that `nescio export` wrote");
    }
    check("model unchanged since it was exported", read.is_as_sealed().value_or(false));
    compare("rows that it carries", nescio::onnx::replay_self_test(read, path));
    if (!detector.empty()) {
      const detectors::FittedDetector fitted = detectors::load_detector(detector);
      check_detector(fitted, path);
      if (!data.empty()) check_pictures(fitted, spec, console);
    }
    write(console);
  }

 private:
  struct Line {
    std::string what;
    bool good = true;
    std::optional<nescio::onnx::Agreement> numbers = {};
  };

  void check(const std::string& what, bool good) { lines_.push_back({what, good}); }
  void compare(const std::string& what, const nescio::onnx::Agreement& found) {
    lines_.push_back({what, found.within(tolerance), found});
  }

  static bool is_float16(const Array& array) {
    return std::ranges::all_of(array.as<float>(), [](float value) {
      return value == half_to_float(float_to_half(value));
    });
  }

  void check_detector(const detectors::FittedDetector& fitted, const std::string& path) {
    if (metadata_["nescio.detector"] != fitted.chain.spec()) {
      fail(path, ": holds the detector ", metadata_["nescio.detector"], ", and ", detector, " is ",
           fitted.chain.spec());
    }
    check(text("detector is that of ", detector),
          metadata_["nescio.detector_sha256"] == detectors::learned_sha256(detector));
  }

  // The model's own answers against the detector on the same logits and features.
  void check_pictures(const detectors::FittedDetector& fitted, const std::string& spec,
                      Console& console) {
    const auto network = nescio::onnx::load_onnx_backbone(spec);
    for (const std::string& notice : network->notices()) console.warn(notice);
    const auto pictures = image::open_dataset(data);
    warn_of_pictures(*pictures, console);
    const auto known = network->taps();
    std::vector<std::string> asked = {"ood_score"};
    for (const char* name : {"is_ood", "ood_p_value"}) {
      if (std::ranges::find(known, name) != known.end()) asked.emplace_back(name);
    }
    const calibration::Calibration* made = nullptr;
    const detectors::Calibrations calibrations = detectors::load_calibrations(detector);
    const auto name = metadata_.find("nescio.calibration");
    if (asked.size() == 3 && name != metadata_.end()) made = &calibrations.find(name->second).made;
    const auto program = fitted.compile();
    std::vector<double> found, expected;
    std::size_t decided_otherwise = 0;
    std::vector<double> p_found, p_expected;
    image::Loader loader(*pictures, network->preprocessing(),
                         {.batch = std::min(batch_rows, pictures->size())});
    std::vector<double> scores(batch_rows), others(batch_rows);
    // Runtimes may hand a detector the numbers behind float16 outputs unrounded: by what that moves scores they may differ.
    constexpr float of_halves = 1.0F / 2048, of_floats = std::numeric_limits<float>::epsilon();
    bool halves = true;
    double rounding = 0, rounding_of_halves = 0;
    Rng rng(1);
    for (image::ImageBatch batch; loader.next(batch);) {
      check_interrupt();
      const auto said = network->forward(batch.images, asked);
      const Array seen = row_argmax(said.logits);
      const auto score = [&](const Array& logits, const Array& features,
                             std::vector<double>& into) {
        program->run({{"logits", logits.matrix().slice(0, batch.count)},
                      { "features",
                        features.matrix().slice(0, batch.count) }},
                     {into.data()});
      };
      score(said.logits, said.features, scores);
      // One of them tells: means of float16 maps have more digits.
      halves = halves && (is_float16(said.logits) || is_float16(said.features));
      const auto change = [&](float part) {
        score(nescio::onnx::moved(said.logits, part, rng),
              nescio::onnx::moved(said.features, part, rng), others);
        double largest = 0;
        for (std::size_t i = 0; i < batch.count; ++i)
          largest = std::max(largest, std::abs(others[i] - scores[i]));
        return largest;
      };
      rounding = std::max(rounding, change(of_floats));
      if (halves) rounding_of_halves = std::max(rounding_of_halves, change(of_halves));
      for (std::size_t i = 0; i < batch.count; ++i) {
        found.push_back(said.taps[0].as<float>()[i]);
        expected.push_back(scores[i]);
        if (!made) continue;
        const auto answer =
            made->answer(found.back(), static_cast<std::uint32_t>(seen.as<std::int64_t>()[i]));
        decided_otherwise += (said.taps[1].as<float>()[i] != 0) != answer.is_ood;
        p_found.push_back(said.taps[2].as<float>()[i]);
        p_expected.push_back(answer.p_value);
      }
      if (console.progress) console.progress("verifying", found.size(), pictures->size());
    }
    auto agreement = nescio::onnx::agreement(found, expected);
    agreement.rounding = halves ? rounding_of_halves : rounding;
    compare(halves ? "scores of the pictures, of float16" : "scores of the pictures", agreement);
    if (!made) return;
    auto p_values = nescio::onnx::agreement(p_found, p_expected);
    p_values.range = 1;
    compare("p-values of the pictures", p_values);
    check(
        text("decisions of the pictures, ", decided_otherwise, " of ", found.size(), " otherwise"),
        decided_otherwise == 0);
  }

  void write(Console& console) const {
    const bool good = std::ranges::all_of(lines_, [](const Line& line) { return line.good; });
    if (console.json) {
      nlohmann::ordered_json out = {{"detector", metadata_.at("nescio.detector")},
                                    { "agrees",
                                      good }};
      for (const Line& line : lines_) {
        nlohmann::ordered_json one = {{"check", line.what}, { "good", line.good }};
        if (line.numbers) {
          one["rows"] = line.numbers->rows;
          one["largest_difference"] = line.numbers->largest;
          one["of_range"] = line.numbers->of_range();
        }
        out["checks"].push_back(std::move(one));
      }
      console.out << io::json_text(out);
    } else {
      report::TextTable table{
          { {"check", false},
            {"rows", true},
            {"largest difference", true},
            {"of the range", true},
            { "",
              false } }};
      for (const Line& line : lines_) {
        const char* verdict = line.good ? "ok" : "FAILED";
        if (line.numbers) {
          table.rows.push_back({line.what, text(line.numbers->rows),
                                short_number(line.numbers->largest),
                                short_number(line.numbers->of_range()), verdict});
        } else {
          table.rows.push_back({line.what, "", "", "", verdict});
        }
      }
      console.out << to_text(table);
    }
    if (!good) fail(model, ": does not compute what the detector computes; export it again");
  }

  std::map<std::string, std::string> metadata_;
  std::vector<Line> lines_;

#else
  void run(Console&) override { fail_without_onnx(); }
#endif
};

}  // namespace

VerbInfo verify() {
  return describe_verb<Verify>(
      {.name = "verify",
       .summary = "Check that an ONNX model computes the scores of the detector that is in it.",
       .positional = "model",
       .details =
           {"Runs the rows that the model carries through the nodes that `export` added and "
            "compares "
            "with the scores that the detector gave them; says whether the model was "
            "changed since.",
            "With detector= and data= the whole model runs on pictures, and its scores, "
            "p-values and "
            "decisions are compared with those of the detector for the logits and features "
            "that the "
            "model says. Needs ONNX Runtime.",
            "Scores may also differ by what rounding the model's outputs changes (of a float16 "
            "network rounding to float16): all of it where rows differ by their last digits. "
            "Exit status 1 where something differs."},
       .examples = {"nescio verify model_ood.onnx",
                    "nescio verify 'onnx:model_ood.onnx?mean=0.5,0.5,0.5&std=0.5,0.5,0.5' "
                    "detector=detector data=photos"},
       .options = {option(&Verify::model, {.name = "model",
                                           .doc = "the file, or onnx:FILE?key=value&...",
                                           .required = true}),
                   option(&Verify::detector,
                          {.name = "detector", .doc = "folder of the detector that was exported"}),
                   option(&Verify::data, {.name = "data",
                                          .doc = "a picture, a folder of pictures, or "
                                                 "TYPE:PATH?key=value&...",
                                          .names = {"datasets"}}),
                   option(&Verify::tolerance,
                          {.name = "tolerance",
                           .doc = "largest difference that is accepted, of the range of the scores",
                           .min = 0})},
       .json = true});
}

}  // namespace nescio::cli::verbs
