// Small steps of pictures against a slope, as ODIN takes them.
#pragma once

#include "extract/probe.h"

namespace nescio::extract {

/// d f / d pictures of f = log (1 - p) / p of the predicted class, p = softmax(z / T). It grows with the
/// cross-entropy of that class, f = log (exp(CE) - 1), so within a picture the signs and the order of its slopes are
/// those of CE's; but in float the slope of CE itself is 0 where p rounds to 1, as it does at T = 1 for most
/// pictures of a training set's kind. Summed over the batch: a row does not depend on the others.
const Array& log_odds_gradient(Pass& pass, double T);

/// -epsilon sign(slope), sign(0) = 1, for value number i of a batch of pictures. epsilon is in units of
/// [0, 1] pixels: where the network's input is (pixel - mean) / std, it becomes epsilon / std of its channel.
float step_against(float slope, std::size_t i, const image::Preprocessing& preprocessing,
                   double epsilon);

/// All values moved so.
std::vector<float> stepped_against(const Array& slopes, const Pass& pass, double epsilon);

}  // namespace nescio::extract
