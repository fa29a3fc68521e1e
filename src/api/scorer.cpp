#include "api/scorer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>

#include "api/array_rows.h"
#include "api/call.h"
#include "base/once.h"
#include "expr/program.h"
#include "expr/single_rows.h"
#include "math/row_kernels.h"

namespace nescio::api {
namespace {

using detectors::FittedDetector;
using detectors::LogitsFrom;

constexpr float no_class = -1;
constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> class_names_of(const FittedDetector& detector) {
  std::vector<std::string> out;
  const auto names = detector.origin.find("class_names");
  if (names == detector.origin.end()) return out;
  for (const nlohmann::json& name : *names) out.push_back(name.is_string() ? name : "");
  return out;
}

/// Of an array that the detector may be given, 0 where it is not known; none for others. Allocates nothing.
std::optional<std::size_t> width_of(const FittedDetector& detector, std::string_view name) {
  if (name == "logits") return detector.classes;
  if (name == "features") return detector.feature_width;
  for (const auto& [array, width] : detector.arrays) {
    if (array == name) return width;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::pair<std::string, std::size_t>> inputs_of(const FittedDetector& detector) {
  std::vector<std::pair<std::string, std::size_t>> out;
  for (const std::string& name : detector.chain.needs().inputs()) {
    out.emplace_back(name, width_of(detector, name).value_or(0));
  }
  return out;
}

/// The memory of one call: what the program reads, and what it says of a few rows.
struct Scorer::Space {
  expr::Batch batch;
  std::array<double, few_rows> scores = {};
  std::array<float, few_rows> seen = {};
};

struct Scorer::Way {
  Way(const FittedDetector& fitted, LogitsFrom from)
      : detector(fitted), logits(from), reads(detectors::arrays_for(fitted.chain.needs(), from)) {
    // Which class is seen follows from the features, whatever the score reads.
    const bool features = std::ranges::find(reads, "features") != reads.end();
    if (logits == LogitsFrom::head && !features) reads.emplace_back("features");
  }

  bool sees() const { return logits == LogitsFrom::head; }

  const expr::Program& program(bool few) const {
    Made& made = few ? single : many;
    made.once([&] {
      const detectors::Inputs inputs = detector.inputs(logits);
      std::vector<expr::Expr> outputs = {detector.chain.score(inputs)};
      if (sees()) outputs.push_back(row_argmax(inputs.logits));
      made.program = expr::compile(outputs, few ? expr::single_rows : expr::Executor::cpu);
    });
    return *made.program;
  }

  std::unique_ptr<Space> take() const {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto space = std::move(idle.back());
        idle.pop_back();
        return space;
      }
    }
    auto space = std::make_unique<Space>();
    for (const std::string& name : reads) space->batch.emplace(name, MatrixView());
    return space;
  }
  void give_back(std::unique_ptr<Space> space) const {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(space));
  }

  struct Made {
    Once once;
    std::unique_ptr<expr::Program> program;
  };
  /// Memory for one call, also of one that ends in an exception.
  struct Lent {
    explicit Lent(const Way& way) : of(way), space(way.take()) {}
    ~Lent() { of.give_back(std::move(space)); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    const Way& of;
    std::unique_ptr<Space> space;
  };

  const FittedDetector& detector;
  LogitsFrom logits;
  std::vector<std::string> reads;
  mutable Made single, many;
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<Space>> idle;
};

struct Scorer::Rows {
  const Way* way = nullptr;
  const nescio_array* logits = nullptr;  // null where none were given
};

Scorer::Scorer(std::shared_ptr<const FittedDetector> detector, const detectors::Calibrations& known,
               const Options& options)
    : detector_(std::move(detector)),
      inputs_(inputs_of(*detector_)),
      threshold_(options.threshold),
      class_names_(class_names_of(*detector_)),
      network_(std::make_unique<Way>(*detector_, LogitsFrom::network)) {
  if (threshold_ && !std::isfinite(*threshold_)) {
    fail("threshold: expected a finite number, found ", format_number(*threshold_));
  }
  if (!known.all.empty() || !options.calibration.empty()) {
    calibration_ = known.find(options.calibration).made;
  }
  if (detector_->head) head_ = std::make_unique<Way>(*detector_, LogitsFrom::head);
  // What nearly every first call needs, and a damaged detector's only chance to be refused here.
  network_->program(true);
}

Scorer::~Scorer() = default;

Scorer::Rows Scorer::check(std::span<const nescio_array> arrays, std::size_t rows) const {
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(arrays, [&](const nescio_array& a) { return a.name == name; });
  };
  const auto refuse = [&](const auto&... what) { fail("[", spec(), "] ", what...); };
  for (const nescio_array& array : arrays) {
    const std::string_view name = given(array.name, "the name of an array");
    view_of(array);
    if (array.rows != rows) {
      throw InvalidArgument(
          text(name, ": expected as many rows as answers, ", rows, ", found ", array.rows));
    }
    if (&*find(name) != &array) {
      throw InvalidArgument(text("there are two arrays called '", name, "'"));
    }
    const auto known_width = width_of(*detector_, name);
    if (!known_width) {
      std::vector<std::string> known = {"logits", "features"};
      for (const auto& [read, of_it] : detector_->arrays) known.push_back(read);
      refuse("reads no array '", printable(name), "'.", suggest(name, known));
    }
    const std::size_t width = *known_width;
    if (width != 0 && array.cols != width) {
      refuse(name, ": expected [N, ", width, "], found [", array.rows, ", ", array.cols, "]");
    }
  }
  Rows out;
  const auto logits = find("logits");
  if (logits != arrays.end()) out.logits = &*logits;
  const bool by_head = out.logits == nullptr && head_ && find("features") != arrays.end();
  out.way = by_head ? head_.get() : network_.get();
  for (const std::string& name : out.way->reads) {
    if (find(name) != arrays.end()) continue;
    const bool head_helps = name == "logits" && head_;
    refuse("needs ", name, head_helps ? " or features" : "",
           ", and the arrays that were given have none");
  }
  return out;
}

// take(row, score, class or no_class) for each row, in order, once all of them are there.
template <class Take>
void Scorer::run(std::span<const nescio_array> arrays, std::size_t rows, const Take& take) const {
  const Rows given_rows = check(arrays, rows);
  if (rows == 0) return;
  const Way& way = *given_rows.way;
  const Way::Lent lent(way);
  Space& space = *lent.space;
  for (const nescio_array& array : arrays) {
    const auto found = space.batch.find(std::string_view(array.name));
    if (found != space.batch.end()) found->second = view_of(array);
  }
  std::vector<double> many_scores;
  std::vector<float> many_seen;
  double* scores = space.scores.data();
  float* seen = space.seen.data();
  if (rows > few_rows) {
    many_scores.resize(rows);
    many_seen.resize(rows);
    scores = many_scores.data();
    seen = many_seen.data();
  }
  const std::array<expr::Output, 2> outputs = {scores, seen};
  way.program(rows <= few_rows).run(space.batch, std::span(outputs).first(way.sees() ? 2 : 1));
  if (given_rows.logits != nullptr) {
    const MatrixView logits = view_of(*given_rows.logits);
    for (std::size_t r = 0; r < rows; ++r) {
      if (!math::all_finite(logits.row(r), logits.cols)) {
        expr::refuse_not_finite("logits", logits, r, 1);
      }
    }
    math::argmax(logits.data, logits.stride, rows, logits.cols, seen, 1);
  } else if (!way.sees()) {
    std::fill_n(seen, rows, no_class);
  }
  for (std::size_t r = 0; r < rows; ++r) {
    if (std::isfinite(scores[r])) continue;
    fail("[", spec(), "] row ", r, ": the score is ", format_number(scores[r]));
  }
  for (std::size_t r = 0; r < rows; ++r) take(r, scores[r], seen[r]);
}

nescio_answer Scorer::judged(double score, std::optional<std::uint32_t> predicted) const {
  nescio_answer out{.predicted = predicted ? static_cast<std::int32_t>(*predicted) : -1,
                    .is_ood = -1,
                    .score = score,
                    .threshold = threshold_.value_or(none),
                    .p_value = none,
                    .class_name = nullptr};
  if (calibration_) {
    const calibration::Answer answer = calibration_->answer(score, predicted);
    out.p_value = answer.p_value;
    if (!threshold_) out.threshold = answer.threshold;
  }
  if (calibration_ || threshold_) out.is_ood = score > out.threshold ? 1 : 0;
  if (predicted && *predicted < class_names_.size() && !class_names_[*predicted].empty()) {
    out.class_name = class_names_[*predicted].c_str();
  }
  return out;
}

void Scorer::answer(std::span<const nescio_array> arrays, std::span<nescio_answer> answers) const {
  run(arrays, answers.size(), [&](std::size_t row, double score, float seen) {
    std::optional<std::uint32_t> predicted;
    if (seen >= 0) predicted = static_cast<std::uint32_t>(seen);
    answers[row] = judged(score, predicted);
  });
}

void Scorer::score(std::span<const nescio_array> arrays, std::span<float> scores) const {
  run(arrays, scores.size(),
      [&](std::size_t row, double score, float) { scores[row] = static_cast<float>(score); });
}

calibration::ScoredRows Scorer::scored(std::span<const nescio_array> arrays) const {
  calibration::ScoredRows out;
  if (arrays.empty()) return out;
  run(arrays, arrays.front().rows, [&](std::size_t, double score, float seen) {
    out.scores.push_back(static_cast<float>(score));
    if (seen >= 0) out.predicted.push_back(static_cast<std::uint32_t>(seen));
  });
  return out;
}

}  // namespace nescio::api
