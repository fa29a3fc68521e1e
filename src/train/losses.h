// Losses of training with outliers and mixed pictures, as functions of logits.
//
// z: logits [B, C]; all logarithms are natural, all losses means over rows, scalars that carry
// gradients. Everything goes through log_softmax and logsumexp, so nothing overflows. O(B C).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/network.h"

namespace nescio::train {

/// mean_b [logsumexp(z_b) - z_b[y_b]] for labels y [B].
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& labels);

/// H(q, z) = mean_b [-sum_c q_bc log softmax(z_b)_c] for targets q [B, C] that sum to 1.
torch::Tensor soft_cross_entropy(const torch::Tensor& targets, const torch::Tensor& logits);

/// U(z) = H(1/C, z) = mean_b [logsumexp(z_b) - mean_c z_bc]: the cross-entropy to the uniform
/// distribution. At least log C, which it reaches where all logits of a row are equal.
/// Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, ICLR 2019,
/// arXiv:1812.04606.
torch::Tensor uniform_cross_entropy(const torch::Tensor& logits);
/// The same of each row, [B].
torch::Tensor uniform_cross_entropy_rows(const torch::Tensor& logits);

/// q = lambda e_y + (1 - lambda) / C, [B, C]: labels mixed with the uniform distribution. `lambda`
/// is a scalar or [B]; the uniform part goes to all classes, that of the label included.
torch::Tensor mixed_labels(const torch::Tensor& labels, std::int64_t classes,
                           const torch::Tensor& lambda);

/// mean_b max(0, E(z_b) - margin)^2 with the energy E(z) = -logsumexp(z): of ID logits that should lie
/// below the margin. The hinges of Liu et al., Energy-based Out-of-distribution Detection, NeurIPS
/// 2020, arXiv:2010.03759.
torch::Tensor energy_above(const torch::Tensor& logits, double margin);
/// mean_b max(0, margin - E(z_b))^2: of outliers' logits that should lie above it.
torch::Tensor energy_below(const torch::Tensor& logits, double margin);

/// The distances that consistency() knows.
const std::vector<std::string>& consistency_kinds();

/// D(t, m), how far logits t that were mixed are from logits m of mixed pictures, [B, C] both:
///   mse                mean over rows and classes of (t - m)^2
///   mse_centred        the same after the mean of each row is taken off
///   mse_logsoftmax     the same of log softmax
///   mse_prob           the same of softmax
///   l1                 mean over rows and classes of |t - m|
///   kl, kl_rev         mean_b KL(softmax t || softmax m), KL(softmax m || softmax t)
///   js                 half the sum of the KL of both to their mean
/// Error for another kind.
torch::Tensor consistency(const torch::Tensor& mixed_logits, const torch::Tensor& logits_of_mixed,
                          std::string_view kind);

}  // namespace nescio::train
