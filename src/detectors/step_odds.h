// The score of ODIN and of what moves pictures as it does.
#pragma once

#include "detectors/detector.h"

namespace nescio::detectors {

/// The log-odds against the most probable class of softmax(z / T), less log (C - 1): with p its probability,
///   log (1 - p) / p - log (C - 1)
/// At T = 1000 all probabilities are close to 1 / C and equal in most digits of a float. So what differs is
/// computed by itself, with d = (z - max z) / T <= 0: log1p(sum_c expm1(d_c) / (C - 1)), which in turn loses its
/// digits where p is close to 1; there the log-odds are taken as msp takes them. variant "openood" is -p itself.
/// O(C) a row. Error, beginning with `who`, for a single class.
Expr step_odds(const std::string& who, const Expr& logits, double T, const std::string& variant);

/// How T and `variant` are described.
ParameterInfo step_temperature();
ParameterInfo step_variant();

}  // namespace nescio::detectors
