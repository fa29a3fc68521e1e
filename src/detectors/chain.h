// A spec string brought to life: shapers from left to right, then a detector.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/spec.h"
#include "detectors/detector.h"

namespace nescio::detectors {

class Chain {
 public:
  /// Parses and checks "react(q=0.9)+energy(T=1)"; lists must have been expanded. Error on unknown
  /// names and keys (with the nearest one), values out of range, a shaper in the last place, or one
  /// before a detector that reads neither logits nor features.
  explicit Chain(std::string_view spec);

  /// The spec as it was asked for, without blanks.
  const std::string& spec() const { return spec_; }
  /// What all its stages need together.
  Needs needs() const;
  /// The roles of the splits that its stages learn from.
  std::vector<std::string> fits_on() const;
  bool fits_on(std::string_view role) const;

  /// Learns every stage on what the ones before it produce. Error if an array that it needs is
  /// missing.
  void fit(const Inputs& in, const FitData& data);
  /// What the stages had to say while they learned.
  Notices notices() const;
  /// [B, 1], higher = more OOD. Error before fit() if a stage learns something, and for a shaper
  /// without which the score is the same expression.
  Expr score(const Inputs& in) const;

  /// Learned arrays by "<place of the stage>.<name>", for saving, those of the detectors that a stage is made
  /// of by "<place>.<place of the detector>." and so on; load() is the way back and counts as fitted.
  std::map<std::string, Array> learned() const;
  void load(const std::map<std::string, Array>& arrays);

 private:
  struct Link {
    const DetectorInfo* info;
    std::unique_ptr<Stage> stage;

    /// The detectors that it is made of; null if it is not made of any.
    std::vector<Chain>* members() const;
  };
  void check_inputs(const Inputs& in) const;
  /// The score of all stages but the one at this place.
  Expr score_without(std::size_t left_out, const Inputs& in) const;

  std::string spec_;
  std::vector<Link> links_;
  bool fitted_ = false;
};

/// Every detector with its defaults, and each shaper in front of `energy`: what detectors=all
/// stands for. Those that are made of others, and those whose parameters must be chosen, are not among
/// them.
std::vector<std::string> all_specs();

}  // namespace nescio::detectors
