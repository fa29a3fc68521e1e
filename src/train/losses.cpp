#include "train/losses.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace nescio::train {
namespace {

torch::Tensor mean_square(const torch::Tensor& x) { return x.square().mean(); }

/// mean_b KL(p || q) of log-probabilities.
torch::Tensor divergence(const torch::Tensor& log_p, const torch::Tensor& log_q) {
  return (log_p.exp() * (log_p - log_q)).sum(1).mean();
}

torch::Tensor jensen_shannon(const torch::Tensor& log_p, const torch::Tensor& log_q) {
  const torch::Tensor log_mean = torch::logaddexp(log_p, log_q) - std::log(2.0);
  return (divergence(log_p, log_mean) + divergence(log_q, log_mean)) / 2;
}

torch::Tensor centred(const torch::Tensor& x) { return x - x.mean(1, /*keepdim=*/true); }

}  // namespace

torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels);
}

torch::Tensor soft_cross_entropy(const torch::Tensor& targets, const torch::Tensor& logits) {
  return -(targets * logits.log_softmax(1)).sum(1).mean();
}

torch::Tensor uniform_cross_entropy_rows(const torch::Tensor& logits) {
  return logits.logsumexp(1) - logits.mean(1);
}

torch::Tensor uniform_cross_entropy(const torch::Tensor& logits) {
  return uniform_cross_entropy_rows(logits).mean();
}

torch::Tensor mixed_labels(const torch::Tensor& labels, std::int64_t classes,
                           const torch::Tensor& lambda) {
  const torch::Tensor share = lambda.dim() == 1 ? lambda.unsqueeze(1) : lambda;
  return share * torch::one_hot(labels, classes) + (1 - share) / static_cast<double>(classes);
}

torch::Tensor energy_above(const torch::Tensor& logits, double margin) {
  return mean_square(torch::relu(-logits.logsumexp(1) - margin));
}

torch::Tensor energy_below(const torch::Tensor& logits, double margin) {
  return mean_square(torch::relu(margin + logits.logsumexp(1)));
}

const std::vector<std::string>& consistency_kinds() {
  static const std::vector<std::string> kinds = {"mse", "mse_centred", "mse_logsoftmax", "mse_prob",
                                                 "l1",  "kl",          "kl_rev",         "js"};
  return kinds;
}

torch::Tensor consistency(const torch::Tensor& mixed_logits, const torch::Tensor& logits_of_mixed,
                          std::string_view kind) {
  const torch::Tensor& t = mixed_logits;
  const torch::Tensor& m = logits_of_mixed;
  if (kind == "mse") return mean_square(t - m);
  if (kind == "mse_centred") return mean_square(centred(t) - centred(m));
  if (kind == "mse_logsoftmax") return mean_square(t.log_softmax(1) - m.log_softmax(1));
  if (kind == "mse_prob") return mean_square(t.softmax(1) - m.softmax(1));
  if (kind == "l1") return (t - m).abs().mean();
  if (kind == "kl") return divergence(t.log_softmax(1), m.log_softmax(1));
  if (kind == "kl_rev") return divergence(m.log_softmax(1), t.log_softmax(1));
  if (kind == "js") return jensen_shannon(t.log_softmax(1), m.log_softmax(1));
  fail("unknown consistency '", kind, "'.", suggest(kind, consistency_kinds()));
}

}  // namespace nescio::train
