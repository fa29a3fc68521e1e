// Scores of several networks together: the spec ensemble(DETECTOR) on banks side by side.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bank/bank_view.h"
#include "expr/expr.h"

namespace nescio::evaluation {

/// Whether the spec is ensemble(...).
bool is_ensemble(std::string_view spec);

/// The spec as it is called everywhere. Error unless it is ensemble(mutual_information) or ensemble(DETECTOR) of one
/// that reads logits alone and learns nothing, with of=probabilities (the default) or of=logits.
std::string ensemble_spec(std::string_view spec);

/// The score of each spec over the logits of all networks of the bank, one graph for all:
///   ensemble(D)                   D of the logits log p, p the mean of the networks' softmax (Lakshminarayanan,
///                                 Pritzel, Blundell, NeurIPS 2017, arXiv:1612.01474)
///   ensemble(D,of=logits)         D of the mean of the logits, as OpenOOD
///   ensemble(mutual_information)  entropy of p - mean of the networks' entropies (Smith, Gal, UAI 2018,
///                                 arXiv:1803.08533)
/// [B, 1] each, higher = more OOD. Cost that of D, and M exps a logit. Error for a single network and for
/// networks of different classes.
std::vector<expr::Expr> ensemble_scores(const bank::BankViews& bank,
                                        const std::vector<std::string>& splits,
                                        const std::vector<std::string>& specs);

/// What it is, a sentence.
inline constexpr const char* ensemble_summary =
    "A detector of the mean softmax of several networks: ensemble(msp), ensemble(entropy), "
    "ensemble(mutual_information).";

}  // namespace nescio::evaluation
