// One detector: fitted on rows, scoring others, calibrated, saved and loaded.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "arrays.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/once.h"
#include "base/text.h"
#include "base/within.h"
#include "bindings.h"
#include "detectors/bank_inputs.h"
#include "detectors/saved_calibration.h"
#include "detectors/saved_detector.h"
#include "expr/single_rows.h"
#include "math/row_kernels.h"
#include "views.h"

namespace nescio::python {
namespace {

namespace fs = std::filesystem;
using calibration::Calibration;
using calibration::Goal;
using calibration::ScoredRows;
using detectors::Calibrations;
using detectors::FittedDetector;
using detectors::LogitsFrom;

constexpr std::size_t self_test_rows = 16;
constexpr std::size_t window_rows = 16384;  // between two looks at Ctrl-C
constexpr std::size_t single_rows = 32;     // up to so many, each is computed by itself

/// What fit() or load() made; nobody changes it, so that scoring needs no lock.
struct Fitted {
  FittedDetector detector;
  detectors::Needs needs = {};
  std::map<std::string, Array> self_test = {};  // rows for save()

  /// The score with logits as given, or from features and head, for many rows or few; compiled when it is first asked for.
  const expr::Program& program(LogitsFrom from, std::size_t rows) const {
    const bool single = rows <= single_rows;
    const auto i = 2 * static_cast<std::size_t>(from) + single;
    compiled_[i]([&] {
      programs_[i] = detector.compile(single ? expr::single_rows : expr::Executor::cpu, from);
    });
    return *programs_[i];
  }

  explicit Fitted(FittedDetector fitted)
      : detector(std::move(fitted)), needs(detector.chain.needs()) {}

 private:
  mutable std::array<Once, 4> compiled_;
  mutable std::array<std::unique_ptr<expr::Program>, 4> programs_;
};

/// Learned arrays that look into the caller's memory, as the rows of kNN may: the caller is free to change it later.
void own_what_was_learned(detectors::Chain& chain, const std::vector<Array>& borrowed) {
  auto learned = chain.learned();
  bool changed = false;
  for (auto& entry : learned) {
    Array& array = entry.second;
    const auto* data = static_cast<const char*>(array.data());
    const bool foreign = std::ranges::any_of(borrowed, [&](const Array& theirs) {
      const auto* begin = static_cast<const char*>(theirs.data());
      return !array.empty() && data >= begin && data < begin + theirs.bytes();
    });
    if (!foreign) continue;
    array = copied(array);
    changed = true;
  }
  if (changed) chain.load(learned);
}

ScoredRows scored_rows(const AnyArray& scores, const std::optional<AnyArray>& predicted) {
  ScoredRows rows;
  const Array values = to_array(scores).to_float32();
  rows.scores.assign(values.as<float>().begin(), values.as<float>().end());
  const auto nan = std::ranges::find_if(rows.scores, [](float s) { return std::isnan(s); });
  if (nan != rows.scores.end()) {
    fail("scores: row ", nan - rows.scores.begin(), " is nan; expected numbers");
  }
  if (!predicted) return rows;
  const Array classes = to_array(*predicted);
  for (const std::int64_t c : classes.as<std::int64_t>()) {
    if (c < 0 || c >= std::int64_t{1} << 24) fail("predicted: ", c, " is no class");
    rows.predicted.push_back(static_cast<std::uint32_t>(c));
  }
  if (rows.predicted.size() != rows.scores.size()) {
    fail("predicted: expected ", rows.scores.size(), " as there are scores, found ",
         rows.predicted.size());
  }
  return rows;
}

/// What is asked of a calibration, as nescio.Detector.calibrate() has checked it.
struct Asked {
  std::string goal;
  double number;
  double confidence;
  bool guarantee;
  bool per_class;
  std::size_t class_rows;
  bool conditional;
};

calibration::Request request_of(const Asked& asked) {
  const Goal goal = asked.goal == "catch"       ? Goal::catches
                    : asked.goal == "threshold" ? Goal::value
                                                : Goal::keep;
  return {.goal = goal,
          .promise = {.share = goal == Goal::value ? 0.95 : asked.number,
                      .guaranteed = asked.guarantee,
                      .confidence = asked.confidence},
          .value = goal == Goal::value ? asked.number : 0,
          .per_class = asked.per_class,
          .class_rows = asked.class_rows,
          .validity = asked.conditional ? calibration::Validity::conditional
                                        : calibration::Validity::marginal};
}

nb::dict described(const std::string& name, const Calibrations& all) {
  const Calibration& made = all.find(name).made;
  nb::dict out;
  out["name"] = name;
  out["active"] = all.active == name;
  out["threshold"] = made.threshold().value;
  const auto add = [&](const char* what, const calibration::Rate& rate) {
    out[what] = nb::make_tuple(metrics::share(rate.rows), rate.bounds.lower, rate.bounds.upper,
                               rate.rows.rows);
  };
  add("kept", made.kept());
  if (made.caught()) add("caught", *made.caught());
  nb::dict by_class;
  for (std::size_t c = 0; c < made.by_class().size(); ++c) {
    if (made.by_class()[c]) by_class[nb::cast(c)] = made.by_class()[c]->value;
  }
  out["by_class"] = by_class;
  return out;
}

class Detector {
 public:
  explicit Detector(const std::string& spec) : chain_(spec) {}
  Detector(Detector&&) = default;  // a chain cannot be copied

  const std::string& spec() const { return chain_.spec(); }
  bool fitted() const { return fitted_ != nullptr; }
  std::vector<std::string> fits_on() const { return chain_.fits_on(); }

  nb::dict needs() const {
    const detectors::Needs needs = chain_.needs();
    nb::dict out;
    out["logits"] = needs.logits;
    out["features"] = needs.features;
    out["head"] = needs.head;
    out["labels"] = needs.labels;
    out["arrays"] = nb::cast(needs.arrays);
    return out;
  }

  /// Returns what there is to say about it.
  Notices fit(const Views& data, const std::string& train, const std::string& val,
              const std::vector<std::string>& ood_val) {
    std::shared_ptr<Fitted> made;
    {
      const Computing computing;
      FittedDetector detector = detectors::fit_detector(data.views, spec(), {train, val, ood_val});
      // Rows without logits may come later.
      const detectors::Needs needs = detector.chain.needs();
      if (needs.logits && !detector.head) detector.head = data.views.head();
      if (detector.head) {
        detector.head = Head{copied(detector.head->weight), copied(detector.head->bias)};
        if (detector.feature_width == 0) detector.feature_width = detector.head->weight.cols();
      }
      own_what_was_learned(detector.chain, data.borrowed);
      made = std::make_shared<Fitted>(std::move(detector));
      const bank::BankView& rows = data.views.at(!train.empty() ? train : val);
      const LogitsFrom from =
          rows.has("logits") || !needs.logits ? LogitsFrom::network : LogitsFrom::head;
      const bank::BankView first = bank::slice(rows, 0, std::min(rows.rows, self_test_rows));
      for (const auto& [name, array] :
           detectors::read_arrays(first, detectors::arrays_for(needs, from))) {
        made->self_test.emplace(name, copied(array));
      }
      made->program(from, rows.rows);  // a score that cannot be computed is found here
    }
    fitted_ = made;
    // Scores that nothing was learned for are the same as before.
    if (!chain_.fits_on().empty()) calibrations_ = std::make_shared<const Calibrations>();
    return made->detector.chain.notices();
  }

  nb::object score(const std::optional<Rows>& features, const std::optional<Rows>& logits,
                   const std::map<std::string, Rows>& arrays) const {
    const std::shared_ptr<const Fitted> fitted = needed();
    const detectors::Needs& needs = fitted->needs;
    expr::Batch batch;
    const auto add = [&](const std::string& name, const Rows& rows, std::size_t expected) {
      if (expected != 0 && rows.shape(1) != expected) {
        fail("[", spec(), "] ", name, ": expected [N, ", expected, "], found [", rows.shape(0),
             ", ", rows.shape(1), "]");
      }
      if (!batch.empty() && batch.begin()->second.rows != rows.shape(0)) {
        fail("[", spec(), "] ", name, ": expected ", batch.begin()->second.rows, " rows as of ",
             batch.begin()->first, ", found ", rows.shape(0));
      }
      batch.emplace(name, MatrixView(rows.data(), rows.shape(0), rows.shape(1)));
    };
    const bool by_head = needs.logits && !logits && features && fitted->detector.head;
    if (needs.logits && !logits && !by_head) {
      fail("[", spec(), "] needs logits; give logits=",
           features ? ", or fit it with head=(W, b), from which they follow" : "");
    }
    if (needs.features && !features) fail("[", spec(), "] needs features; give features=");
    if (needs.logits && logits) add("logits", *logits, fitted->detector.classes);
    if (needs.features || by_head) add("features", *features, fitted->detector.feature_width);
    for (const auto& [name, width] : fitted->detector.arrays) {
      const auto found = arrays.find(name);
      if (found == arrays.end()) {
        fail("[", spec(), "] needs the array '", name,
             "' of a pass of its own over the network; give arrays={'", name, "': ...}");
      }
      add(name, found->second, width);
    }
    std::vector<float> scores(batch.begin()->second.rows);
    if (!scores.empty()) {
      const Computing computing;
      run(*fitted, by_head ? LogitsFrom::head : LogitsFrom::network, batch, scores);
    }
    return to_numpy(std::move(scores));
  }

  std::string calibrate(const AnyArray& id, const std::optional<AnyArray>& predicted,
                        const std::optional<AnyArray>& ood, const Asked& asked,
                        const std::string& name, bool active) {
    const calibration::Request request = request_of(asked);
    const std::string called =
        within("name=", [&] { return detectors::calibration_name(request, name); });
    ScoredRows known = scored_rows(id, predicted), others;
    if (ood) others = scored_rows(*ood, std::nullopt);
    nlohmann::json data = {{"bank", ""},
                           {"id", {{"split", "scores"}, {"rows", known.scores.size()}}}};
    if (ood) data["ood"] = {{"split", "scores"}, {"rows", others.scores.size()}};
    auto all = std::make_shared<Calibrations>(*calibrations_);
    all->all.insert_or_assign(
        called, detectors::SavedCalibration{.made = Calibration(request, std::move(known), others),
                                            .ood = std::move(others),
                                            .data = std::move(data)});
    if (active || all->active.empty()) all->active = called;
    calibrations_ = std::move(all);
    return called;
  }

  std::vector<std::string> calibrations() const {
    std::vector<std::string> names;
    for (const auto& [name, saved] : calibrations_->all) names.push_back(name);
    return names;
  }
  const std::string& active() const { return calibrations_->active; }
  void set_active(const std::string& name) {
    calibrations_->find(name);
    auto all = std::make_shared<Calibrations>(*calibrations_);
    all->active = name;
    calibrations_ = std::move(all);
  }
  nb::dict describe(const std::string& name) const { return described(name, *calibrations_); }

  /// Of each score its threshold, whether it is above it and its p-value; the first two are None for rows judged by
  /// false discovery, the last where there is no calibration.
  nb::object answers(const AnyArray& scores, const std::optional<AnyArray>& predicted,
                     const std::string& name, std::optional<double> threshold,
                     std::optional<double> fdr) const {
    const std::shared_ptr<const Calibrations> known = calibrations_;
    const bool calibrated = !known->all.empty() || !name.empty();
    if (!calibrated && (fdr || !threshold)) {
      fail("[", spec(),
           "] is not calibrated: call calibrate(scores of known rows), or give "
           "threshold=");
    }
    if (threshold && !std::isfinite(*threshold)) {
      fail("threshold: expected a finite number, found ", *threshold);
    }
    const ScoredRows rows = scored_rows(scores, predicted);
    const Calibration* made = calibrated ? &known->find(name).made : nullptr;
    const std::size_t n = rows.scores.size();
    std::vector<double> thresholds(n, std::nan("")), p_values(made ? n : 0);
    std::vector<std::uint8_t> is_ood(n);
    {
      const Computing computing;
      for (std::size_t r = 0; r < n; ++r) {
        if (threshold) thresholds[r] = *threshold;
        if (made) {
          std::optional<std::uint32_t> seen;
          if (!rows.predicted.empty()) seen = rows.predicted[r];
          const calibration::Answer answer = made->answer(rows.scores[r], seen);
          p_values[r] = answer.p_value;
          if (!threshold && !fdr) thresholds[r] = answer.threshold;
        }
        is_ood[r] = rows.scores[r] > thresholds[r];
      }
      if (fdr) {
        const auto rejected = calibration::false_discovery_rate(p_values, *fdr);
        for (std::size_t r = 0; r < n; ++r) is_ood[r] = rejected[r];
      }
    }
    nb::object p = nb::none();
    if (made) p = to_numpy(std::move(p_values));
    return nb::make_tuple(to_numpy(std::move(thresholds)), to_numpy(std::move(is_ood)), p);
  }

  void save(const std::string& folder) const {
    const std::shared_ptr<const Fitted> fitted = needed();
    const std::shared_ptr<const Calibrations> known = calibrations_;
    const Computing computing;
    fs::path path = fs::path(folder).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "DIR/" is DIR
    detectors::save_detector(fitted->detector, detectors::to_batch(fitted->self_test), path);
    if (!known->all.empty()) detectors::save_calibrations(*known, path);
  }

  static Detector load(const std::string& folder) {
    const Computing computing;
    Detector out(detectors::load_detector(folder));
    out.calibrations_ = std::make_shared<const Calibrations>(detectors::load_calibrations(folder));
    auto fitted = std::const_pointer_cast<Fitted>(out.fitted_);
    const auto rows = detectors::read_self_test(folder, fitted->detector);
    for (const auto& [name, array] : rows.arrays) {
      fitted->self_test.emplace(name, copied(array));
    }
    return out;
  }

  std::optional<std::pair<nb::object, nb::object>> head() const {
    if (!fitted_ || !fitted_->detector.head) return std::nullopt;
    return std::pair(to_numpy(fitted_->detector.head->weight),
                     to_numpy(fitted_->detector.head->bias));
  }
  std::size_t classes() const { return fitted_ ? fitted_->detector.classes : 0; }
  std::size_t feature_width() const { return fitted_ ? fitted_->detector.feature_width : 0; }
  std::vector<std::string> class_names() const {
    std::vector<std::string> names;
    if (!fitted_ || !fitted_->detector.origin.contains("class_names")) return names;
    for (const auto& name : fitted_->detector.origin.at("class_names")) {
      names.push_back(name.is_string() ? name.get<std::string>() : "");
    }
    return names;
  }
  nb::dict learned() const {
    nb::dict out;
    for (const auto& [name, array] : needed()->detector.chain.learned()) {
      out[name.c_str()] = to_numpy(array);
    }
    return out;
  }

 private:
  explicit Detector(FittedDetector fitted)
      : chain_(fitted.chain.spec()), fitted_(std::make_shared<Fitted>(std::move(fitted))) {}

  std::shared_ptr<const Fitted> needed() const {
    if (fitted_) return fitted_;
    fail("[", spec(), "] must be fitted before it can score: call fit()");
  }

  void run(const Fitted& fitted, LogitsFrom from, const expr::Batch& batch,
           std::vector<float>& scores) const {
    const std::size_t rows = scores.size();
    const expr::Program& program = fitted.program(from, rows);
    const std::size_t block = program.block_rows();
    const std::size_t step = (window_rows + block - 1) / block * block;
    for (std::size_t first = 0; first < rows; first += step) {
      check_interrupt();
      const std::size_t count = std::min(step, rows - first);
      if (count == rows) {
        program.run(batch, {scores.data()});
        break;
      }
      expr::Batch window;
      for (const auto& [name, view] : batch) window.emplace(name, view.slice(first, count));
      try {
        program.run(window, {scores.data() + first});
      } catch (const Error&) {
        // Rows are counted from the first of all, not of the window.
        for (const auto& [name, view] : batch) {
          if (!math::all_finite(view.data, rows * view.cols)) {
            expr::refuse_not_finite(name, view, 0, rows);
          }
        }
        throw;
      }
    }
    const auto broken = std::ranges::find_if(scores, [](float s) { return !std::isfinite(s); });
    if (broken != scores.end()) {
      fail("[", spec(), "] the score of row ", broken - scores.begin(), " is ",
           format_number(*broken),
           "; look at that row's logits and features and at the detector's parameters: together "
           "they are beyond what it can take");
    }
  }

  detectors::Chain chain_;
  std::shared_ptr<const Fitted> fitted_;
  std::shared_ptr<const Calibrations> calibrations_ = std::make_shared<const Calibrations>();
};

}  // namespace

void bind_detector(nb::module_& m) {
  nb::class_<Detector>(m, "Detector")
      .def(nb::init<const std::string&>(), nb::arg("spec"))
      .def_prop_ro("spec", &Detector::spec)
      .def_prop_ro("fitted", &Detector::fitted)
      .def_prop_ro("fits_on", &Detector::fits_on)
      .def_prop_ro("needs", &Detector::needs)
      .def_prop_ro("classes", &Detector::classes)
      .def_prop_ro("feature_width", &Detector::feature_width)
      .def_prop_ro("class_names", &Detector::class_names)
      .def_prop_ro("head", &Detector::head)
      .def("learned", &Detector::learned)
      .def("fit", &Detector::fit, nb::arg("data"), nb::arg("train"), nb::arg("val"),
           nb::arg("ood_val"))
      .def("score", &Detector::score, nb::arg("features").none(), nb::arg("logits").none(),
           nb::arg("arrays"))
      .def(
          "calibrate",
          [](Detector& d, const AnyArray& id, const std::optional<AnyArray>& predicted,
             const std::optional<AnyArray>& ood, const std::string& goal, double number,
             double confidence, bool guarantee, bool per_class, std::size_t class_rows,
             bool conditional, const std::string& name, bool active) {
            return d.calibrate(
                id, predicted, ood,
                {goal, number, confidence, guarantee, per_class, class_rows, conditional}, name,
                active);
          },
          nb::arg("id"), nb::arg("predicted").none(), nb::arg("ood").none(), nb::arg("goal"),
          nb::arg("number"), nb::arg("confidence"), nb::arg("guarantee"), nb::arg("per_class"),
          nb::arg("class_rows"), nb::arg("conditional"), nb::arg("name"), nb::arg("active"))
      .def("calibrations", &Detector::calibrations)
      .def_prop_rw("active", &Detector::active, &Detector::set_active)
      .def("describe", &Detector::describe, nb::arg("name"))
      .def("answers", &Detector::answers, nb::arg("scores"), nb::arg("predicted").none(),
           nb::arg("name"), nb::arg("threshold").none(), nb::arg("fdr").none())
      .def("save", &Detector::save, nb::arg("folder"))
      .def_static("load", &Detector::load, nb::arg("folder"));
}

}  // namespace nescio::python
