// Areas under and points on the curves of a ranking; every distinct score is one threshold.
#pragma once

#include "metrics/ranking.h"

namespace nescio {

/// P(OOD row scores higher than ID row) + 1/2 P(they are equal): the area under the ROC curve, the
/// same whichever side is positive (Hanley and McNeil, Radiology 143, 1982). O(steps).
double auroc(const Ranking& ranking);

/// Average precision: sum over thresholds of (recall - recall before) * precision, without
/// interpolation. Depends on the share of positives: quote the sizes beside it. O(steps).
double average_precision(const Ranking& ranking, Positive positive);

/// The trapezoid under the precision-recall curve that begins at (0, 1), as toolkits print it. Too
/// optimistic, since precision is not linear in recall (Davis and Goadrich, ICML 2006); for parity
/// only. O(steps).
double aupr_trapezoid(const Ranking& ranking, Positive positive);

/// The share of negative rows accepted at the strictest threshold that accepts at least `tpr` of
/// the positive ones; no interpolation. O(steps).
/// Throws Error unless 0 < tpr <= 1.
double fpr_at_tpr(const Ranking& ranking, double tpr, Positive positive);

/// The share of pairs of an ID and an OOD row with equal scores: half of it is all that the order of
/// equal rows could add to the AUROC. O(steps).
double tied_pairs(const Ranking& ranking);

}  // namespace nescio
