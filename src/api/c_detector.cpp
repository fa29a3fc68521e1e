// Detectors and scorers from C.
#include <nescio/nescio.h>

#include <cmath>
#include <limits>
#include <string>

#include "api/array_rows.h"
#include "api/call.h"
#include "api/handles.h"

using namespace nescio;  // NOLINT: this file is the other side of nescio.h
using api::call;
using api::given;

namespace {

using calibration::Goal;
using calibration::Validity;
using Inputs = std::vector<std::pair<std::string, std::size_t>>;

std::string text_or(const char* text, const char* otherwise) {
  return text == nullptr ? otherwise : text;
}

calibration::Request request_of(const nescio_calibration& asked) {
  calibration::Request out;
  switch (asked.goal) {
    case NESCIO_KEEP: out.goal = Goal::keep; break;
    case NESCIO_CATCH: out.goal = Goal::catches; break;
    case NESCIO_THRESHOLD: out.goal = Goal::value; break;
    default: throw api::InvalidArgument(text("goal: expected 0, 1 or 2, found ", asked.goal));
  }
  if (!std::isfinite(asked.value)) {
    fail("value: expected a finite number, found ", format_number(asked.value));
  }
  const bool value = out.goal == Goal::value;
  if (value && asked.guarantee != 0) {
    fail("guarantee is about a share, and a threshold is a value");
  }
  // Of a threshold, the share that is not asked for must not look as if it were.
  out.promise = {.share = value ? 0.95 : asked.value,
                 .guaranteed = asked.guarantee != 0,
                 .confidence = asked.confidence};
  out.value = value ? asked.value : 0;
  out.per_class = asked.per_class != 0;
  out.class_rows = asked.class_rows;
  out.validity = asked.conditional_p_values != 0 ? Validity::conditional : Validity::marginal;
  return out;
}

nescio_rate rate_of(const calibration::Rate& rate) {
  return {metrics::share(rate.rows), rate.bounds.lower, rate.bounds.upper};
}

nescio_threshold threshold_of(const calibration::Calibration& made) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  nescio_threshold out{made.threshold().value, rate_of(made.kept()), {none, none, none}};
  if (made.caught()) out.caught = rate_of(*made.caught());
  return out;
}

api::Scorer::Options options_of(const nescio_scorer_options* options) {
  api::Scorer::Options out;
  if (options == nullptr) return out;
  out.calibration = text_or(options->calibration, "");
  if (options->threshold != nullptr) out.threshold = *options->threshold;
  return out;
}

nescio_scorer* scorer_of(const api::Fitted& fitted, const nescio_scorer_options* options) {
  return new nescio_scorer{api::Scorer(fitted.detector, fitted.calibrations, options_of(options))};
}

const char* input_of(const Inputs& inputs, std::size_t index, std::size_t* width) {
  if (index >= inputs.size()) return nullptr;
  if (width != nullptr) *width = inputs[index].second;
  return inputs[index].first.c_str();
}

template <class T>
std::span<T> results(T* results, std::size_t rows, const char* what) {
  if (rows > 0) given(results, what);
  return {results, rows};
}

}  // namespace

nescio_status nescio_detector_fit(const char* spec, const nescio_fit_data* data,
                                  nescio_detector** detector, nescio_error* error) noexcept {
  return call(error, [&] {
    given(detector, "detector");
    *detector = new nescio_detector(api::fit(given(spec, "spec"), *given(data, "data")));
  });
}

nescio_status nescio_detector_fit_bank(const char* spec, const nescio_bank* bank, const char* train,
                                       const char* val, const char* ood_val,
                                       nescio_detector** detector, nescio_error* error) noexcept {
  return call(error, [&] {
    given(detector, "detector");
    detectors::FitSplits splits{text_or(train, ""), text_or(val, ""), {}};
    if (ood_val != nullptr) splits.ood_val = split_top_level(ood_val);
    const auto& views = given(bank, "bank")->views;
    for (const std::string& split : {splits.train, splits.val}) {
      if (!split.empty()) views.at(split);
    }
    *detector = new nescio_detector(api::fit(given(spec, "spec"), views, splits));
  });
}

nescio_status nescio_detector_load(const char* folder, nescio_detector** detector,
                                   nescio_error* error) noexcept {
  return call(error, [&] {
    given(detector, "detector");
    *detector = new nescio_detector(api::load(given(folder, "folder")));
  });
}

nescio_status nescio_detector_save(const nescio_detector* detector, const char* folder,
                                   nescio_error* error) noexcept {
  return call(error,
              [&] { api::save(given(detector, "detector")->fitted, given(folder, "folder")); });
}

void nescio_detector_free(nescio_detector* detector) noexcept { delete detector; }

const char* nescio_detector_spec(const nescio_detector* detector) noexcept {
  return detector == nullptr ? "" : detector->fitted.detector->chain.spec().c_str();
}

const char* nescio_detector_notices(const nescio_detector* detector) noexcept {
  return detector == nullptr ? "" : detector->notices.c_str();
}

size_t nescio_detector_input_count(const nescio_detector* detector) noexcept {
  return detector == nullptr ? 0 : detector->inputs.size();
}

const char* nescio_detector_input(const nescio_detector* detector, size_t index,
                                  size_t* width) noexcept {
  return detector == nullptr ? nullptr : input_of(detector->inputs, index, width);
}

nescio_status nescio_detector_calibrate(nescio_detector* detector,
                                        const nescio_calibration* request, const nescio_array* id,
                                        size_t id_count, const nescio_array* ood, size_t ood_count,
                                        nescio_threshold* threshold, nescio_error* error) noexcept {
  return call(error, [&] {
    api::Fitted& fitted = given(detector, "detector")->fitted;
    const nescio_calibration usual = NESCIO_CALIBRATION_DEFAULT;
    const nescio_calibration& asked = request == nullptr ? usual : *request;
    const calibration::Request what = request_of(asked);
    const std::string name = detectors::calibration_name(what, text_or(asked.name, ""));
    const api::Scorer scorer(fitted.detector, {}, {});
    calibration::ScoredRows others = scorer.scored(api::list_of(ood, ood_count));
    calibration::Calibration made(what, scorer.scored(api::list_of(id, id_count)), others);
    const nescio_threshold said = threshold_of(made);
    detectors::Calibrations known = fitted.calibrations;
    known.all.insert_or_assign(name,
                               detectors::SavedCalibration{std::move(made), std::move(others), {}});
    known.active = name;
    fitted.calibrations = std::move(known);
    if (threshold != nullptr) *threshold = said;
  });
}

nescio_status nescio_scorer_load(const char* folder, const nescio_scorer_options* options,
                                 nescio_scorer** scorer, nescio_error* error) noexcept {
  return call(error, [&] {
    given(scorer, "scorer");
    *scorer = scorer_of(api::load(given(folder, "folder")), options);
  });
}

nescio_status nescio_scorer_create(const nescio_detector* detector,
                                   const nescio_scorer_options* options, nescio_scorer** scorer,
                                   nescio_error* error) noexcept {
  return call(error, [&] {
    given(scorer, "scorer");
    *scorer = scorer_of(given(detector, "detector")->fitted, options);
  });
}

void nescio_scorer_free(nescio_scorer* scorer) noexcept { delete scorer; }

const char* nescio_scorer_spec(const nescio_scorer* scorer) noexcept {
  return scorer == nullptr ? "" : scorer->scorer.spec().c_str();
}

size_t nescio_scorer_input_count(const nescio_scorer* scorer) noexcept {
  return scorer == nullptr ? 0 : scorer->scorer.inputs().size();
}

const char* nescio_scorer_input(const nescio_scorer* scorer, size_t index, size_t* width) noexcept {
  return scorer == nullptr ? nullptr : input_of(scorer->scorer.inputs(), index, width);
}

nescio_status nescio_scorer_answer(const nescio_scorer* scorer, const nescio_array* arrays,
                                   size_t array_count, nescio_answer* answers, size_t rows,
                                   nescio_error* error) noexcept {
  return call(error, [&] {
    given(scorer, "scorer")
        ->scorer.answer(api::list_of(arrays, array_count), results(answers, rows, "answers"));
  });
}

nescio_status nescio_scorer_score(const nescio_scorer* scorer, const nescio_array* arrays,
                                  size_t array_count, float* scores, size_t rows,
                                  nescio_error* error) noexcept {
  return call(error, [&] {
    given(scorer, "scorer")
        ->scorer.score(api::list_of(arrays, array_count), results(scores, rows, "scores"));
  });
}
