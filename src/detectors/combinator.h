// Detectors that are made of others, as mean(knn(k=5),vim).
#pragma once

#include <string>
#include <vector>

#include "detectors/chain.h"

namespace nescio::detectors {

/// The specs among the arguments of a term, those without a key, which are no parameters: taken out of it.
std::vector<Spec> take_members(Term& term);

/// A detector whose score is a function of the scores of others, which stand as bare specs in its term. What
/// the others need, it needs, and it learns after them; their learned arrays are saved with its own.
class Combinator : public Detector {
 public:
  std::vector<Chain> members;

  /// Fits the members; a combinator that learns itself calls it first.
  void fit(const Inputs& in, const FitData& data) override;
  Needs needs() const override;
  std::vector<std::string> fits_on() const override;
  /// Error unless members and parameters fit together. Called when the spec is read.
  virtual void check() const;

 protected:
  /// The score of each member as a column. [B, M]
  Expr scores(const Inputs& in) const;
};

}  // namespace nescio::detectors
