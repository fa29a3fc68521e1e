// nescio calibrate DETECTOR bank=BANK id=mine/val keep=0.95 guarantee=true
#include <algorithm>
#include <ostream>

#include "base/numbers.h"
#include "base/within.h"
#include "cli/bank_scores.h"
#include "cli/verb.h"
#include "detectors/saved_calibration.h"
#include "detectors/saved_detector.h"
#include "io/json_file.h"
#include "report/table.h"

namespace nescio::cli::verbs {
namespace {

using calibration::Goal;

class Calibrate final : public Verb {
 public:
  std::string detector, bank, id, ood, p_values = "marginal", as;
  std::optional<double> keep, catches, threshold;
  double confidence = 0.95;
  bool guarantee = false, per_class = false, active = true;
  std::int64_t class_rows = 100;

  void run(Console& console) override {
    const calibration::Request request = what_is_asked();
    const std::string name = as_usage([&] {
      return within("calibrate: as=", [&] { return detectors::calibration_name(request, as); });
    });
    const std::string learned = detectors::learned_sha256(detector);
    detectors::FittedDetector fitted = detectors::load_detector(detector);
    detectors::load_calibrations(detector);  // damaged ones are known before the work
    const std::size_t classes = fitted.classes;
    const bank::BankViews views(bank::FeatureBank::open(bank));
    std::vector<std::string> splits = {id};
    if (!ood.empty()) splits.push_back(ood);
    warn_of_known_rows(fitted, views.at(id), console);
    const BankScores scores(std::move(fitted), views, bank, splits);
    calibration::ScoredRows others;
    if (!ood.empty()) others = scores.rows(ood, console.progress);
    detectors::SavedCalibration saved{
        .made = calibration::Calibration(request, scores.rows(id, console.progress), others),
        .ood = std::move(others),
        .data = {{"bank", bank}, {"id", described(views.at(id))}}};
    if (!ood.empty()) saved.data["ood"] = described(views.at(ood));
    const detectors::Calibrations known =
        detectors::add_calibration(name, std::move(saved), active, detector, learned);
    warn_of_rare_classes(known.all.at(name).made, classes, console);
    say(name, known, console);
  }

 private:
  calibration::Request what_is_asked() const {
    check_split_option(id, "calibrate: id");
    if (!ood.empty()) check_split_option(ood, "calibrate: ood");
    if (keep.has_value() + catches.has_value() + threshold.has_value() > 1) {
      throw UsageError("calibrate: give one of keep=, catch= and threshold=");
    }
    if (catches && ood.empty()) {
      throw UsageError("calibrate: catch= wants OOD rows; name them with ood=SET/SPLIT");
    }
    if (threshold && guarantee) {
      throw UsageError("calibrate: guarantee= is about a share, and threshold= is a value");
    }
    if (per_class && (catches || threshold)) {
      throw UsageError("calibrate: per_class= goes with keep=");
    }
    return {.goal = catches     ? Goal::catches
                    : threshold ? Goal::value
                                : Goal::keep,
            .promise = {.share = catches ? *catches : keep.value_or(0.95),
                        .guaranteed = guarantee,
                        .confidence = confidence},
            .value = threshold.value_or(0),
            .per_class = per_class,
            .class_rows = static_cast<std::size_t>(class_rows),
            .validity = p_values == "conditional" ? calibration::Validity::conditional
                                                  : calibration::Validity::marginal};
  }

  static nlohmann::json described(const bank::BankView& view) {
    nlohmann::json out = {{"split", view.name}, {"rows", view.rows}};
    const nlohmann::json inputs =
        view.origin.is_object() ? view.origin.value("inputs", nlohmann::json()) : nlohmann::json();
    for (const char* key : {"data", "data_sha256"}) {
      if (inputs.is_object() && inputs.contains(key)) out[key] = inputs[key];
    }
    return out;
  }

  // Scores of rows that a detector has learned from are lower than those of rows to come.
  void warn_of_known_rows(const detectors::FittedDetector& fitted, const bank::BankView& view,
                          const Console& console) const {
    const nlohmann::json& train = fitted.origin.value("train", nlohmann::json());
    if (!train.is_object() || view.origin.is_null()) return;
    if (train.value("manifest", nlohmann::json()) != view.origin) return;
    console.warn(text(detector, " was fitted on ", id,
                      ": its thresholds will keep fewer new rows than they promise; calibrate on "
                      "rows that it has not seen"));
  }

  static void warn_of_rare_classes(const calibration::Calibration& made, std::size_t classes,
                                   const Console& console) {
    if (!made.request().per_class) return;
    const auto own = static_cast<std::size_t>(
        std::ranges::count_if(made.by_class(), [](const auto& c) { return c.has_value(); }));
    const std::size_t all = std::max(classes, made.by_class().size());
    if (own == all) return;
    const std::size_t enough =
        std::max(made.request().class_rows, calibration::fewest_rows(made.request().promise));
    console.warn(text(all - own, " of ", all, " classes have fewer than ", enough,
                      " rows each and share the threshold of all"));
  }

  void say(const std::string& name, const detectors::Calibrations& known,
           const Console& console) const {
    const calibration::Calibration& made = known.all.at(name).made;
    if (console.json) {
      nlohmann::ordered_json out = {{"calibration", name}, {"active", known.active == name}};
      out["threshold"] = made.threshold().value;
      const auto json_of = [](const calibration::Rate& rate) -> nlohmann::ordered_json {
        return {{"share", metrics::share(rate.rows)},
                {"lower", rate.bounds.lower},
                {"upper", rate.bounds.upper},
                {"rows", rate.rows.rows}};
      };
      out["kept"] = json_of(made.kept());
      for (std::size_t c = 0; c < made.by_class().size(); ++c) {
        const auto& own = made.by_class()[c];
        if (!own) continue;
        out["classes"].push_back(
            {{"class", c}, {"threshold", own->value}, {"kept", json_of(own->kept)}});
      }
      if (made.caught()) out["caught"] = json_of(*made.caught());
      console.out << io::json_text(out);
      return;
    }
    report::TextTable table{.columns = {{"rows"},
                                        {"threshold", true},
                                        {"of", true},
                                        {"%", true},
                                        {text(format_number(100 * confidence), " %")}}};
    const auto add = [&](const std::string& what, double value, const calibration::Rate& rate) {
      table.rows.push_back({what, short_number(value), thousands(rate.rows.rows),
                            per_cent(metrics::share(rate.rows)),
                            per_cent(rate.bounds.lower) + " to " + per_cent(rate.bounds.upper)});
    };
    add(id + " kept", made.threshold().value, made.kept());
    for (std::size_t c = 0; c < made.by_class().size(); ++c) {
      const auto& own = made.by_class()[c];
      if (own) add(text("  class ", c, " kept"), own->value, own->kept);
    }
    if (made.caught()) add(ood + " caught", made.threshold().value, *made.caught());
    console.out << report::to_text(table);
    console.log << name << (known.active == name ? ": saved and active" : ": saved") << '\n';
  }
};

}  // namespace

VerbInfo calibrate() {
  return describe_verb<Calibrate>(
      {.name = "calibrate",
       .summary =
           "Choose a threshold of a saved detector on rows that it has not seen, and keep what "
           "p-values need.",
       .positional = "detector",
       .details =
           {"A row with a score above the threshold is flagged as OOD. keep= takes the lowest "
            "threshold that keeps this share of the ID rows, catch= the highest that catches this "
            "share of the OOD rows. With guarantee=true it is chosen so that the share holds for "
            "rows "
            "to come with the stated confidence, whatever their distribution (a tolerance limit); "
            "too "
            "few rows are refused with the number that it takes. Intervals are Clopper and "
            "Pearson's.",
            "p-values are conformal: how often a known row scores as high. p_values=conditional "
            "makes "
            "them hold for this very calibration set with the stated confidence (Bates et al. "
            "2023).",
            "Several calibrations stand side by side in DETECTOR/calibration.safetensors; `score` "
            "uses "
            "the active one."},
       .examples =
           {"nescio calibrate knn50 bank=BANK id=mine/val keep=0.95",
            "nescio calibrate knn50 bank=BANK id=mine/val keep=0.99 guarantee=true as=strict",
            "nescio calibrate knn50 bank=BANK id=mine/val ood=others/val catch=0.9"},
       .options =
           {option(&Calibrate::detector,
                   {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
            option(&Calibrate::bank,
                   {.name = "bank", .doc = "folder of the bank", .required = true}),
            option(&Calibrate::id, {.name = "id",
                                    .doc = "split of ID rows that the detector did not learn from",
                                    .required = true}),
            option(&Calibrate::ood, {.name = "ood", .doc = "split of OOD rows"}),
            option(&Calibrate::keep,
                   {.name = "keep",
                    .doc = "share of ID rows to keep; auto: 0.95 where nothing else "
                           "is asked for",
                    .min = 0,
                    .max = 1,
                    .min_excluded = true,
                    .max_excluded = true}),
            option(&Calibrate::catches, {.name = "catch",
                                         .doc = "share of OOD rows to catch",
                                         .min = 0,
                                         .max = 1,
                                         .min_excluded = true,
                                         .max_excluded = true}),
            option(&Calibrate::threshold, {.name = "threshold", .doc = "the threshold itself"}),
            option(&Calibrate::confidence,
                   {.name = "confidence",
                    .doc = "of intervals, guarantee and conditional p-values",
                    .min = 0,
                    .max = 1,
                    .min_excluded = true,
                    .max_excluded = true}),
            option(&Calibrate::guarantee,
                   {.name = "guarantee", .doc = "the share holds for rows to come"}),
            option(&Calibrate::per_class,
                   {.name = "per_class",
                    .doc = "a threshold and p-values for each class that the network sees"}),
            option(&Calibrate::class_rows,
                   {.name = "class_rows",
                    .doc = "classes with fewer rows have the threshold of all",
                    .min = 1},
                   {"per_class=true", [](const Calibrate& c) { return c.per_class; }}),
            option(&Calibrate::p_values, {.name = "p_values",
                                          .doc = "what they promise",
                                          .choices = {"marginal", "conditional"}}),
            option(
                &Calibrate::as,
                {.name = "as",
                 .doc =
                     "name of the calibration; else keep-0.95, keep-0.95-guaranteed and the like"}),
            option(&Calibrate::active,
                   {.name = "active", .doc = "whether `score` uses it from now on"})},
       .json = true});
}

}  // namespace nescio::cli::verbs
