// Targets that mix a teacher's answer with the label, sparse: some classes of each row and their weights.
//
// p: the teacher's probabilities at temperature T of its k most probable classes S, not renormalised; m
// their sum; y: the label, one-hot e_y. Wei et al., Logits-Based Finetuning, EMNLP 2025,
// arXiv:2505.24461.
//   sum         q = (p + e_y) / (1 + m)                     the paper's equation 7
//   overwrite   q_y = 1 / (1 + s), q_j = p_j / (1 + s), s = sum of p_j, j != y    the paper's figure 2
//   mix         q = alpha e_y + (1 - alpha) p / m           the authors' code, alpha = 0.9
// With sum and overwrite the label is the largest of q whatever the teacher says, with mix where
// alpha >= 1/2.
#pragma once

#include <cstdint>
#include <string_view>

#include "nn/network.h"

namespace nescio::train {

/// What a teacher says of each row.
struct TeacherAnswer {
  torch::Tensor classes;  // [B, k] int64
  torch::Tensor p;        // [B, k]
};

/// The `k` most probable classes of logits [B, C] at a temperature.
TeacherAnswer most_probable(const torch::Tensor& logits, std::int64_t k, double temperature);
/// The same where log-probabilities [B, n] of some `classes` [B, n], the most probable first, and of all
/// others together [B] are known. Of `others` other classes each has an equal part of that:
/// p_j^(1/T) / (sum of p^(1/T) + others (rest / others)^(1/T)).
TeacherAnswer most_probable(const torch::Tensor& log_p, const torch::Tensor& classes,
                            const torch::Tensor& tail, std::int64_t others, std::int64_t k,
                            double temperature);

/// A row's target is weights at classes, of which one may stand there twice.
struct SoftTargets {
  torch::Tensor classes;  // [B, M] int64
  torch::Tensor hard;     // [B, M]: weights of the label
  torch::Tensor soft;     // [B, M]: of the teacher
  torch::Tensor entropy;  // [B] of q, in nats
};

/// Labels [B]. `fusion` is sum, overwrite or mix; `alpha` is read by mix alone.
SoftTargets fuse(const TeacherAnswer& teacher, const torch::Tensor& labels, std::string_view fusion,
                 double alpha);
/// share q_i + (1 - share) q_order(i); `share` is a scalar or [B]. The entropy is mixed as well, which
/// is that of the mixture where the two have no class in common.
SoftTargets mixed(const SoftTargets& targets, const torch::Tensor& order,
                  const torch::Tensor& share);

/// Of each row, [B]: KL(q || softmax z) for logits z [B, C], where T is not 1 with the teacher's part at
/// that temperature and times T^2. The gradient by z at T = 1 is softmax(z) - q. Never [B, C] but for z.
torch::Tensor soft_target_loss(const torch::Tensor& logits, const SoftTargets& targets,
                               double temperature = 1);

}  // namespace nescio::train
