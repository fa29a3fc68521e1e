// Areas under and points on the curves of a ranking; every distinct score is one threshold.
#pragma once

#include "metrics/ranking.h"

namespace nescio::metrics {

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

/// The area under the ROC curve, linear between thresholds, where at most the share `fpr` of the
/// negative rows is accepted, rescaled so that chance gives 1/2 and full separation 1: with A the area and
/// chance = fpr^2 / 2, (1 + (A - chance) / (fpr - chance)) / 2 (McClish, Medical Decision Making 9, 1989).
/// fpr = 1 is the AUROC. O(steps). Throws Error unless 0 < fpr <= 1.
double partial_auroc(const Ranking& ranking, double fpr, Positive positive);

/// Area under the risk-coverage curve of ID and OOD rows together: the mean over all rows of the share
/// of failures among the rows that score no higher. Failures are OOD rows and ID rows that were classified
/// wrong (Jaeger et al., ICLR 2023, arXiv:2211.15259; the sum over rows as Geifman et al., ICLR 2019,
/// arXiv:1805.08206, write it, not trapezoids). Depends on the set sizes. O(steps). Throws Error without
/// `right`.
double aurc(const Ranking& ranking);

/// Area under the curve of the correct classification rate CCR(t), the share of ID rows that are
/// accepted below t and classified right, over the share of OOD rows accepted, FPR(t) (Dhamija et
/// al., NeurIPS 2018): the probability that an ID row is classified right and scores lower than an OOD
/// row, ties counting one half. O(steps). Throws Error without `right`.
double oscr(const Ranking& ranking);

/// The CCR at the loosest threshold that accepts less than the share `fpr` of the OOD rows; no
/// interpolation. As OpenOOD counts it: where fpr times the OOD rows is a whole number, that row itself
/// is not accepted. O(steps). Throws Error without `right`, and unless 0 < fpr <= 1.
double ccr_at_fpr(const Ranking& ranking, double fpr);

/// Area under the threshold curve: the mean of FPR(t) and FNR(t) over thresholds t that are uniform
/// between the lowest and the highest score (Humblot-Renaux et al., CVPR 2023), in closed form
/// (1 + mean of ID scores - mean of OOD scores) / 2 with scores scaled to [0, 1]; 1/2 where all scores
/// are equal. Depends on the scores themselves, not on their order alone. O(steps). Throws Error
/// without `scores`.
double autc(const Ranking& ranking);

/// The lowest mean of the shares of ID rows flagged and of OOD rows accepted at one threshold: the
/// error of the best detector where both are equally likely (Liang et al., ICLR 2018). O(steps).
double detection_error(const Ranking& ranking);

/// The share of pairs of an ID and an OOD row with equal scores: half of it is all that the order of
/// equal rows could add to the AUROC. O(steps).
double tied_pairs(const Ranking& ranking);

}  // namespace nescio::metrics
