#include "train/token_loss.h"

#include <algorithm>

#include "base/error.h"
#include "train/teacher.h"

namespace nescio::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows of logits as they are computed with.
torch::Tensor wide(const torch::Tensor& logits, const torch::Tensor& rows) {
  const torch::Tensor z = logits.index_select(0, rows);
  return z.scalar_type() == torch::kFloat64 ? z : z.to(torch::kFloat32);
}

/// The sum of soft_target_loss() over some rows of the logits, which remembers nothing as large as
/// these.
class ChunkedLoss final : public torch::autograd::Function<ChunkedLoss> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& logits,
                               const torch::Tensor& rows, const torch::Tensor& classes,
                               const torch::Tensor& hard, const torch::Tensor& soft,
                               const torch::Tensor& entropy, std::int64_t chunk) {
    context->save_for_backward({logits, rows, classes, hard + soft});
    context->saved_data["chunk"] = chunk;
    torch::Tensor sum = torch::zeros({}, hard.options().dtype(torch::kFloat64));
    for (std::int64_t first = 0; first < rows.size(0); first += chunk) {
      const auto part = [&](const torch::Tensor& all) {
        return all.slice(0, first, first + chunk);
      };
      sum += soft_target_loss(wide(logits, part(rows)),
                              {part(classes), part(hard), part(soft), part(entropy)})
                 .sum(torch::kFloat64);
    }
    return sum.to(hard.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &logits = saved[0], &rows = saved[1], &classes = saved[2], &q = saved[3];
    const std::int64_t chunk = context->saved_data["chunk"].toInt();
    const torch::Tensor scaled = q * gradients[0];
    const torch::Tensor gradient = torch::zeros_like(logits);
    for (std::int64_t first = 0; first < rows.size(0); first += chunk) {
      const auto part = [&](const torch::Tensor& all) {
        return all.slice(0, first, first + chunk);
      };
      torch::Tensor rest = wide(logits, part(rows)).softmax(1);
      rest.mul_(part(scaled).sum(1, /*keepdim=*/true));
      rest.scatter_add_(1, part(classes), -part(scaled));
      gradient.index_copy_(0, part(rows), rest.to(logits.scalar_type()));
    }
    variable_list all(7);
    all[0] = gradient;
    return all;
  }
};

void check_rows(const torch::Tensor& logits, const TeacherAnswer& teacher,
                const torch::Tensor& labels) {
  const bool fits = logits.dim() == 2 && labels.dim() == 1 && teacher.classes.dim() == 2 &&
                    teacher.p.sizes() == teacher.classes.sizes() &&
                    labels.size(0) == logits.size(0) && teacher.classes.size(0) == logits.size(0);
  if (fits) return;
  const auto shape = [](const torch::Tensor& t) { return to_string(nn::shape_of(t)); };
  fail("token_loss: expected logits [N, V], classes and p [N, k] and labels [N], found ",
       shape(logits), ", ", shape(teacher.classes), ", ", shape(teacher.p), " and ", shape(labels));
}

}  // namespace

torch::Tensor token_loss(const torch::Tensor& logits, const TeacherAnswer& teacher,
                         const torch::Tensor& labels, const Fusion& fusion, std::int64_t chunk) {
  check_rows(logits, teacher, labels);
  if (chunk < 1) fail("token_loss: expected chunks of at least one row, found ", chunk);
  const torch::Tensor rows = ((labels >= 0) & (teacher.classes >= 0).all(1)).nonzero().squeeze(1);
  const auto counted = [&](const torch::Tensor& all) { return all.index_select(0, rows); };
  const auto type = logits.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const SoftTargets targets = fuse({counted(teacher.classes), counted(teacher.p).to(type)},
                                   counted(labels), fusion.name, fusion.alpha);
  const torch::Tensor sum = ChunkedLoss::apply(logits, rows, targets.classes, targets.hard,
                                               targets.soft, targets.entropy, chunk);
  return sum / std::max<std::int64_t>(rows.size(0), 1);
}

TeacherAnswer stored_tokens(const bank::Answers& answers, std::int64_t first, std::int64_t count) {
  TeacherRows rows;
  for (std::int64_t r = 0; r < count; ++r) {
    add_row(answers, static_cast<std::size_t>(first + r), 0, rows);
  }
  const auto k = static_cast<std::int64_t>(answers.kept());
  if (answers.whole()) return most_probable(torch::tensor(rows.values).view({count, k}), k, 1);
  return most_probable(torch::tensor(rows.values).view({count, k}),
                       torch::tensor(rows.classes).view({count, k}), torch::tensor(rows.tail),
                       static_cast<std::int64_t>(answers.classes()) - k, k, 1);
}

TokenRun align_tokens(std::int64_t prompt, std::int64_t answer, std::int64_t rows,
                      bool match_release) {
  if (prompt < 1) {
    fail("expected a prompt of at least one token, found ", prompt,
         ": no logits precede the first token of the answer");
  }
  if (answer < 1) fail("expected an answer of at least one token, found ", answer);
  if (rows != answer && rows != answer - 1) {
    fail("expected ", answer, " or ", answer - 1, " rows for an answer of ", answer,
         " tokens, found ", rows, "; were both made by the same tokenizer?");
  }
  const TokenRun all{.logit = prompt - 1, .row = 0, .count = rows};
  if (!match_release) return all;
  return {.logit = all.logit + 1, .row = 1, .count = std::max<std::int64_t>(answer - 2, 0)};
}

}  // namespace nescio::train
