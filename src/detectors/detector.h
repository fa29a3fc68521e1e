// Detectors and shapers: learn constants from statistics, then write the score as an expression.
//
// One file each: a class in an anonymous namespace and one function that describes it, called by
// the catalogue that CMake generates from `nescio_add_detector(name)`. skeleton.cpp is the one to
// copy.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/notice.h"
#include "base/parameters.h"
#include "detectors/inputs.h"
#include "statistics/statistics.h"

namespace nescio::detectors {

/// What a stage reads.
struct Needs {
  bool logits = false;
  bool features = false;
  bool head = false;
  bool labels = false;                   // for fitting
  std::vector<std::string> arrays = {};  // of probes, called as the probe with all its parameters

  /// The arrays that scoring reads, by name.
  std::vector<std::string> inputs() const;
};
/// What both need.
Needs operator+(Needs a, const Needs& b);

/// The rows that a fit may learn from, by the role of their split; null or empty where none is named.
struct FitData {
  statistics::Statistics* train = nullptr;
  statistics::Statistics* val = nullptr;
  std::vector<statistics::Statistics*> ood_val = {};  // OOD rows to choose on, one for each split

  /// The rows of "train" or "val"; Error that says how to name them.
  statistics::Statistics& of(std::string_view role) const;
};

/// A term of a chain like react(q=0.9)+energy.
class Stage {
 public:
  virtual ~Stage() = default;
  /// Learns its constants; `in` is what the stages before it make of the bank. Not called where
  /// nothing is learned.
  virtual void fit(const Inputs& in, const FitData& data);
  /// What it reads with its parameters as they are: what its description says, unless it overrides this.
  virtual Needs needs() const { return described_needs; }
  /// The roles of the splits that fit() reads ("train", "val", "ood_val"): `fit_on`, unless it overrides this.
  virtual std::vector<std::string> fits_on() const;

  std::string fit_on;     // "train" or "val", a parameter of every stage that learns; else empty
  Needs described_needs;  // set by describe<>
  Notices notices;        // what fit() has to say without failing
};

class Detector : public Stage {
 public:
  /// [B, 1], higher = more OOD. Called after fit() or after the learned arrays were loaded.
  virtual Expr score(const Inputs& in) const = 0;
};

class Shaper : public Stage {
 public:
  /// Changed features or logits. Called after fit() or after the learned arrays were loaded.
  virtual Inputs shape(const Inputs& in) const = 0;
};

/// Rows of a batch in OpenOOD's settings, where a result of that toolkit depends on them.
inline constexpr std::size_t openood_batch = 200;

/// A detector made of others (combinator.h).
class Combinator;

/// Says how many rows of a fit have no direction because all their features are zero; Error if none
/// has one, with `otherwise` for what to do beside looking at the features.
void check_directions(const Inputs& in, statistics::Statistics& statistics, Notices& notices,
                      const std::string& otherwise = {});

struct Paper {
  std::string authors, title, venue, arxiv;
};

/// An array (or number) that fit() sets and a saved detector holds.
struct LearnedArray {
  std::string name;
  std::string doc;  // with the shape
  std::function<Array(const Stage&)> get;
  std::function<void(Stage&, const Array&)> set;
  bool sometimes = false;  // empty with some parameters: then it is not saved
};

// Conversions between members and stored arrays.
Array to_array(double value);
Array to_array(const Matrix& matrix);
Array to_array(const Array& array);
void from_array(const Array& array, double& value);
void from_array(const Array& array, Matrix& matrix);
void from_array(const Array& array, Array& out);

template <class Object, class T>
LearnedArray learned(T Object::*member, std::string name, std::string doc) {
  return {
      std::move(name), std::move(doc),
      [member](const Stage& stage) { return to_array(static_cast<const Object&>(stage).*member); },
      [member](Stage& stage, const Array& array) {
        from_array(array, static_cast<Object&>(stage).*member);
      }};
}

/// What is learned with some parameters only.
inline LearnedArray sometimes(LearnedArray array) {
  array.sometimes = true;
  return array;
}

template <class Object, class T>
Parameter<Stage> parameter(T Object::*member, ParameterInfo info, When<Object> when = {}) {
  return bind_parameter<Stage>(member, std::move(info), std::move(when));
}

/// The self-description from which everything else comes: `list`, `describe`, validation, saving,
/// loading, tests.
struct DetectorInfo {
  std::string name;
  std::string summary;  // one sentence
  std::string formula;  // in our sign
  Paper paper;
  std::vector<std::string> further_papers = {};  // "k=1: authors, title ...": some settings'
  Needs needs;                                   // with its default parameters
  /// What scoring a row costs and, where it matters, fitting: a clause, of D features, C classes and
  /// N fitted rows.
  std::string cost = {};
  std::string fit_on = {};  // "train", "val", or empty: nothing is learned
  std::vector<Parameter<Stage>> parameters = {};
  std::vector<LearnedArray> learned = {};
  std::vector<std::string> aliases = {};     // what other toolkits call it
  std::vector<std::string> deviations = {};  // from the authors' code or a toolkit
  std::string weak_on_toy_data =
      {};                       // why OOD need not score higher on the conformance suite's world
  bool must_be_chosen = false;  // means nothing without its parameters: `all` leaves it out
  bool shaper = false;          // set by describe<>
  bool combinator = false;      // set by describe<>: made of other detectors
  std::function<std::unique_ptr<Stage>()> make = {};  // set by describe<>
};

/// Completes a description with what follows from the class.
template <class Object>
DetectorInfo describe(DetectorInfo info) {
  info.shaper = std::is_base_of_v<Shaper, Object>;
  info.combinator = std::is_base_of_v<Combinator, Object>;
  info.make = [fit_on = info.fit_on, needs = info.needs] {
    auto stage = std::make_unique<Object>();
    stage->fit_on = fit_on;
    stage->described_needs = needs;
    return stage;
  };
  if (!info.fit_on.empty()) {
    Parameter<Stage> p = bind_parameter<Stage>(
        &Object::fit_on,
        {.name = "fit_on", .doc = "the split that is learned from", .choices = {"train", "val"}});
    p.default_value = info.fit_on;
    info.parameters.push_back(std::move(p));
  }
  return info;
}

/// Numbers as a parameter's `sweep` has them.
std::vector<std::string> as_settings(std::span<const double> values);

/// All entries, sorted by name (generated).
const std::vector<DetectorInfo>& catalogue();
/// The entry called `name`; Error with the nearest names, or with ours if it is another toolkit's
/// name.
const DetectorInfo& find(const std::string& name);

}  // namespace nescio::detectors
