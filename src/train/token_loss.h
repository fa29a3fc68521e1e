// The loss of a language model on soft targets, token by token, and which logits of it belong to which
// stored row.
//
//   loss = mean_t KL(q_t || softmax z_t)        q: label and teacher, soft_targets.h; temperature 1
//   d loss / d z_t = (softmax z_t - q_t) / n
//
// Wei et al., Logits-Based Finetuning, EMNLP 2025, arXiv:2505.24461, equations 6 and 13.
#pragma once

#include <cstdint>
#include <string_view>

#include "bank/answers.h"
#include "train/soft_targets.h"

namespace nescio::train {

/// How teacher and label are mixed: as fuse() takes it.
struct Fusion {
  std::string_view name = "sum";
  double alpha = 0.9;  // of mix
};

/// The mean over the n tokens that count of KL(q || softmax z), a scalar; 0 where none counts. A row counts
/// unless its label or a class of its teacher is negative, as padding is: it is not looked at, and its
/// gradient is 0. Where the teacher has no classes (k = 0), sum and overwrite are cross-entropy.
///
/// `logits` [N, V] of any float type, computed in float32 or wider; teacher [N, k], labels [N]; classes
/// and labels below V. `chunk` rows are worked on at once: beside the logits and their gradient, which
/// autograd owns, memory grows with chunk V and N k and never with N V. (log_softmax and gather keep two
/// further [N, V] between forward and backward.) The result does not depend on `chunk` but for rounding.
/// No second derivative.
torch::Tensor token_loss(const torch::Tensor& logits, const TeacherAnswer& teacher,
                         const torch::Tensor& labels, const Fusion& fusion = {},
                         std::int64_t chunk = 1024);

/// What a split, such as bank/token_answers.h makes, says of `count` rows from `first` on, at temperature 1,
/// [count, k].
TeacherAnswer stored_tokens(const bank::Answers& answers, std::int64_t first, std::int64_t count);

/// A run of logits of one sample and of rows of it: logits[logit + i] is about the token of rows[row + i].
struct TokenRun {
  std::int64_t logit = 0, row = 0, count = 0;

  bool operator==(const TokenRun&) const = default;
};

/// A student reads a prompt of `prompt` tokens and then the `answer` tokens, the one that ends it included.
/// A stored row is about an answer token given all before it, which is what the logits at the input
/// position before it say: row t belongs to logits prompt + t - 1, the first answer token and the last
/// among them. `rows` are as many as answer tokens, or one fewer, as in public files: none for the
/// last. `match_release` leaves out the first answer token and the last, as the authors' code does.
/// Error for an empty prompt, which no logits precede, and for another number of rows.
TokenRun align_tokens(std::int64_t prompt, std::int64_t answer, std::int64_t rows,
                      bool match_release = false);

}  // namespace nescio::train
