// Nescio from C++17 or later: the classes behind the functions of nescio.h, which says more about arrays, threads and what
// is meant by each word. Nothing is compiled into the library but C functions, so a program may be built with another
// compiler or standard than the library.
//
//   nescio::Detector detector("knn(k=50)", {.train = {{{"features", h, n, d}}}});     // C++20's initialisers
//   detector.calibrate({{"features", held_out, m, d}}, {.value = 0.99});
//   detector.save("detector");
//   const nescio::Scorer scorer("detector");
//   nescio::Answer answer = scorer.answer({{"features", h, 1, d}});
//
// Every mistake is a nescio::Error. Objects may be moved, not copied; const members may be called from several threads at
// once. An object that was moved from may only be destroyed or assigned to.
#ifndef NESCIO_NESCIO_HPP
#define NESCIO_NESCIO_HPP

#include <nescio/nescio.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nescio {
inline namespace v0 {

/// What was expected, what was found, and what to do.
class Error : public std::runtime_error {
 public:
  Error(nescio_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  nescio_status status() const noexcept { return status_; }

 private:
  nescio_status status_;
};

namespace detail {

/// Throws what a call of the C interface said.
class Checked {
 public:
  Checked() noexcept { error_.message[0] = '\0'; }
  operator nescio_error*() noexcept { return &error_; }  // NOLINT
  void operator()(nescio_status status) const {
    if (status != NESCIO_OK) throw Error(status, error_.message);
  }

 private:
  nescio_error error_;  // a kilobyte that need not be cleared for every row
};

template <auto Free>
struct Deleter {
  template <class Handle>
  void operator()(Handle* handle) const noexcept {
    Free(handle);
  }
};
template <class Handle, auto Free>
using Owner = std::unique_ptr<Handle, Deleter<Free>>;

inline const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace detail

/// A matrix of float32 that somebody else owns: {"features", data, rows, cols} or with the floats from row to row behind.
using Array = nescio_array;

/// Arrays of the same rows, as {{"logits", z, n, c}, {"features", h, n, d}}.
class Arrays {
 public:
  Arrays() = default;
  Arrays(std::initializer_list<Array> arrays) : arrays_(arrays) {}
  Arrays(std::vector<Array> arrays) : arrays_(std::move(arrays)) {}  // NOLINT

  const Array* data() const noexcept { return arrays_.data(); }
  std::size_t size() const noexcept { return arrays_.size(); }
  std::size_t rows() const noexcept { return arrays_.empty() ? 0 : arrays_.front().rows; }

 private:
  std::vector<Array> arrays_;
};

/// An array that scoring reads; a width of 0 is not known.
struct Input {
  std::string name;
  std::size_t width = 0;
};

/// Rows to learn from.
struct Rows {
  Arrays arrays = {};
  const std::int64_t* labels = nullptr;  // [rows], 0 .. C - 1
};

/// The last layer, where it is linear: logits = features W^T + b.
struct Head {
  const float* weight = nullptr;  // [classes, features]
  const float* bias = nullptr;    // [classes]
  std::size_t classes = 0;
  std::size_t features = 0;
};

namespace detail {

inline nescio_rows as_c(const Rows& rows) {
  return {rows.arrays.data(), rows.arrays.size(), rows.labels};
}

}  // namespace detail

/// A folder that `nescio extract`, `nescio import` or add() wrote.
class Bank {
 public:
  /// Opens it, and makes an empty one where there is none.
  static Bank create(const std::string& folder) {
    detail::Checked check;
    nescio_bank* made = nullptr;
    check(nescio_bank_create(folder.c_str(), &made, check));
    return Bank(made);
  }
  explicit Bank(const std::string& folder) {
    detail::Checked check;
    nescio_bank* made = nullptr;
    check(nescio_bank_open(folder.c_str(), &made, check));
    handle_.reset(made);
  }
  /// "cifar10/test", ... ascending.
  std::vector<std::string> splits() const {
    std::vector<std::string> out;
    while (const char* name = nescio_bank_split(get(), out.size())) out.emplace_back(name);
    return out;
  }
  /// Writes a split, "SET/SPLIT", in the place of one that is there.
  void add(const std::string& split, const Rows& rows) {
    detail::Checked check;
    const nescio_rows all = detail::as_c(rows);
    check(nescio_bank_add(handle_.get(), split.c_str(), &all, check));
  }
  void set_head(const Head& head) {
    detail::Checked check;
    check(nescio_bank_set_head(handle_.get(), head.weight, head.bias, head.classes, head.features,
                               check));
  }
  /// Mapped from its file; valid as long as the bank and its split.
  Array array(const std::string& split, const std::string& name) const {
    detail::Checked check;
    Array out = {};
    check(nescio_bank_array(get(), split.c_str(), name.c_str(), &out, check));
    return out;
  }
  const nescio_bank* get() const noexcept { return handle_.get(); }

 private:
  explicit Bank(nescio_bank* made) : handle_(made) {}
  detail::Owner<nescio_bank, nescio_bank_free> handle_;
};

/// What a detector learns from; it keeps none of it.
struct FitData {
  Rows train = {};
  Rows val = {};
  std::vector<Rows> ood_val = {};
  Head head = {};
  std::vector<std::string> class_names = {};
};

/// Splits of a bank, "SET/SPLIT"; empty where there is none. `ood_val`: several, separated by commas.
struct FitSplits {
  std::string train = {};
  std::string val = {};
  std::string ood_val = {};
};

using Rate = nescio_rate;
using Threshold = nescio_threshold;

/// What is asked of a calibration; see nescio_calibration.
struct Calibration {
  nescio_goal goal = NESCIO_KEEP;
  double value = 0.95;
  bool guarantee = false;
  double confidence = 0.95;
  bool per_class = false;
  std::size_t class_rows = 100;
  bool conditional_p_values = false;
  std::string name = {};
};

/// A fitted detector with its calibrations.
class Detector {
 public:
  /// Fits it: "knn(k=50)", "react(q=0.9)+energy", "mean(msp,vim)".
  Detector(const std::string& spec, const FitData& data) {
    std::vector<nescio_rows> ood;
    for (const Rows& rows : data.ood_val) ood.push_back(detail::as_c(rows));
    std::vector<const char*> names;
    for (const std::string& name : data.class_names) names.push_back(name.c_str());
    nescio_fit_data all = {};
    all.train = detail::as_c(data.train);
    all.val = detail::as_c(data.val);
    all.ood_val = ood.data();
    all.ood_val_count = ood.size();
    all.head_weight = data.head.weight;
    all.head_bias = data.head.bias;
    all.classes = data.head.classes;
    all.features = data.head.features;
    all.class_names = names.data();
    all.class_name_count = names.size();
    detail::Checked check;
    nescio_detector* made = nullptr;
    check(nescio_detector_fit(spec.c_str(), &all, &made, check));
    handle_.reset(made);
  }
  Detector(const std::string& spec, const Bank& bank, const FitSplits& splits) {
    detail::Checked check;
    nescio_detector* made = nullptr;
    check(nescio_detector_fit_bank(spec.c_str(), bank.get(), detail::or_null(splits.train),
                                   detail::or_null(splits.val), detail::or_null(splits.ood_val),
                                   &made, check));
    handle_.reset(made);
  }
  /// Reads a folder that save() or `nescio fit` wrote.
  static Detector load(const std::string& folder) {
    detail::Checked check;
    nescio_detector* made = nullptr;
    check(nescio_detector_load(folder.c_str(), &made, check));
    return Detector(made);
  }
  void save(const std::string& folder) const {
    detail::Checked check;
    check(nescio_detector_save(get(), folder.c_str(), check));
  }

  std::string spec() const { return nescio_detector_spec(get()); }
  /// What fitting had to say without failing, a line each.
  std::string notices() const { return nescio_detector_notices(get()); }
  std::vector<Input> inputs() const {
    std::vector<Input> out;
    std::size_t width = 0;
    while (const char* name = nescio_detector_input(get(), out.size(), &width)) {
      out.push_back({name, width});
    }
    return out;
  }

  /// Chooses a threshold on ID rows that it has not learned from; the calibration becomes the active one.
  Threshold calibrate(const Arrays& id, const Calibration& what = {}, const Arrays& ood = {}) {
    const nescio_calibration asked = {what.goal,
                                      what.value,
                                      what.guarantee ? 1 : 0,
                                      what.confidence,
                                      what.per_class ? 1 : 0,
                                      what.class_rows,
                                      what.conditional_p_values ? 1 : 0,
                                      detail::or_null(what.name)};
    detail::Checked check;
    Threshold out = {};
    check(nescio_detector_calibrate(handle_.get(), &asked, id.data(), id.size(), ood.data(),
                                    ood.size(), &out, check));
    return out;
  }
  const nescio_detector* get() const noexcept { return handle_.get(); }

 private:
  explicit Detector(nescio_detector* made) : handle_(made) {}

  detail::Owner<nescio_detector, nescio_detector_free> handle_;
};

/// predicted, is_ood, score, threshold, p_value, class_name.
using Answer = nescio_answer;

struct ScorerOptions {
  std::string calibration = {};                                 // empty: the active one
  double threshold = std::numeric_limits<double>::quiet_NaN();  // in place of the calibration's
};

/// A detector prepared to answer: any number of threads may ask one at once.
class Scorer {
 public:
  explicit Scorer(const std::string& folder, const ScorerOptions& options = {}) {
    detail::Checked check;
    nescio_scorer* made = nullptr;
    const nescio_scorer_options chosen = as_c(options);
    check(nescio_scorer_load(folder.c_str(), &chosen, &made, check));
    handle_.reset(made);
  }
  /// Of the detector as it is now; it may go before the scorer does.
  explicit Scorer(const Detector& detector, const ScorerOptions& options = {}) {
    detail::Checked check;
    nescio_scorer* made = nullptr;
    const nescio_scorer_options chosen = as_c(options);
    check(nescio_scorer_create(detector.get(), &chosen, &made, check));
    handle_.reset(made);
  }

  std::string spec() const { return nescio_scorer_spec(get()); }
  std::vector<Input> inputs() const {
    std::vector<Input> out;
    std::size_t width = 0;
    while (const char* name = nescio_scorer_input(get(), out.size(), &width)) {
      out.push_back({name, width});
    }
    return out;
  }

  /// Of one row, without allocating: {{"logits", z, 1, c}, {"features", h, 1, d}}.
  Answer answer(std::initializer_list<Array> row) const {
    Answer out;
    answer(row.begin(), row.size(), &out, 1);
    return out;
  }
  std::vector<Answer> answers(const Arrays& arrays) const {
    std::vector<Answer> out(arrays.rows());
    answer(arrays.data(), arrays.size(), out.data(), out.size());
    return out;
  }
  /// The same into memory of the caller's, [rows].
  void answer(const Array* arrays, std::size_t count, Answer* out, std::size_t rows) const {
    detail::Checked check;
    check(nescio_scorer_answer(get(), arrays, count, out, rows, check));
  }
  /// [rows], higher = more OOD.
  std::vector<float> scores(const Arrays& arrays) const {
    std::vector<float> out(arrays.rows());
    detail::Checked check;
    check(nescio_scorer_score(get(), arrays.data(), arrays.size(), out.data(), out.size(), check));
    return out;
  }
  const nescio_scorer* get() const noexcept { return handle_.get(); }

 private:
  static nescio_scorer_options as_c(const ScorerOptions& options) {
    return {detail::or_null(options.calibration),
            std::isnan(options.threshold) ? nullptr : &options.threshold};
  }

  detail::Owner<nescio_scorer, nescio_scorer_free> handle_;
};

/// "0.1.0"
inline std::string library_version() { return nescio_version(); }

/// Threads that one call may use, for the whole process.
inline void set_threads(int threads) {
  detail::Checked check;
  check(nescio_set_threads(threads, check));
}

/// Names of detectors and shapers, ascending.
inline std::vector<std::string> list_detectors() {
  std::vector<std::string> out;
  while (const char* name = nescio_detector_name(out.size())) out.emplace_back(name);
  return out;
}

/// What `nescio describe NAME` says, as JSON.
inline std::string describe(const std::string& name) {
  detail::Checked check;
  char* json = nullptr;
  check(nescio_describe(name.c_str(), &json, check));
  const std::unique_ptr<char, detail::Deleter<nescio_text_free>> owner(json);
  return json;
}

using Metric = nescio_metric;

/// How well scores tell ID from OOD rows; `metrics` are names separated by commas, empty for those that
/// `nescio evaluate` always measures.
inline std::vector<Metric> evaluate(const std::vector<float>& id, const std::vector<float>& ood,
                                    const std::string& metrics = {}, std::size_t resamples = 1000) {
  std::vector<Metric> out(256);
  std::size_t count = 0;
  detail::Checked check;
  check(nescio_evaluate(id.data(), id.size(), ood.data(), ood.size(), detail::or_null(metrics),
                        resamples, out.data(), out.size(), &count, check));
  out.resize(count < out.size() ? count : out.size());
  return out;
}

}  // namespace v0
}  // namespace nescio

#endif  // NESCIO_NESCIO_HPP
