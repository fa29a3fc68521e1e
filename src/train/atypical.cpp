#include "train/atypical.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace nescio::train {
namespace {

template <class T>
void append(std::vector<T>& to, const torch::Tensor& values, torch::ScalarType type) {
  const torch::Tensor host = values.to(torch::kCPU, type).contiguous();
  to.insert(to.end(), host.const_data_ptr<T>(), host.const_data_ptr<T>() + host.numel());
}

torch::Tensor loss_of_rows(const torch::Tensor& logits, const torch::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);
}

}  // namespace

std::vector<std::size_t> Atypical::ranking(const std::string& by) const {
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    return by == "divergence" ? std::tuple(divergence[i], loss[i]) : std::tuple(wrong[i], loss[i]);
  };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return key(a) > key(b); });
  return order;
}

Atypical find_atypical(nn::Network& network, const image::Dataset& dataset, const Upload& upload,
                       const MaskedPassOptions& options) {
  Atypical found;
  masked_passes(network, dataset, upload, options, [&](const MaskedBatch& batch) {
    const torch::Tensor whole = network.forward(batch.images).logits.to(torch::kFloat64);
    const torch::Tensor log_p = whole.log_softmax(1);
    torch::Tensor wrong = torch::zeros_like(whole.select(1, 0));
    torch::Tensor loss = wrong.clone(), divergence = wrong.clone();
    for (const torch::Tensor& logits : batch.logits) {
      const torch::Tensor z = logits.to(torch::kFloat64), log_q = z.log_softmax(1);
      wrong += z.argmax(1).ne(batch.labels);
      loss += loss_of_rows(z, batch.labels);
      divergence += (log_q.exp() * (log_q - log_p)).sum(1);
    }
    const auto masks = static_cast<double>(batch.logits.size());
    append(found.wrong, wrong / masks, torch::kFloat64);
    append(found.loss, loss / masks, torch::kFloat64);
    append(found.divergence, divergence / masks, torch::kFloat64);
    append(found.own_loss, loss_of_rows(whole, batch.labels), torch::kFloat64);
    append(found.seen, whole.argmax(1), torch::kInt64);
    append(found.labels, batch.labels, torch::kInt64);
    found.index.insert(found.index.end(), batch.pictures.index.begin(), batch.pictures.index.end());
    return true;
  });
  return found;
}

}  // namespace nescio::train
