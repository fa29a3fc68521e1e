#include "expr_torch/torch_reduction.h"

#include "expr_torch/torch_search.h"

namespace nescio::expr {

void TorchReduction::add(const torch::Tensor& tile) {
  torch::Tensor found;
  switch (reduction_) {
    case Over::sum:
      found = at::sum(tile, {1}, true).to(torch::kDouble);
      so_far_ = so_far_.defined() ? so_far_ + found : found;
      return;
    case Over::logsumexp:
      found = at::logsumexp(tile, {1}, true).to(torch::kDouble);
      so_far_ = so_far_.defined() ? at::logaddexp(so_far_, found) : found;
      return;
    case Over::smallest:
    case Over::largest:
      found = first_in_order(tile, wanted_, largest()).values;
      so_far_ = so_far_.defined()
                    ? first_in_order(at::cat({so_far_, found}, 1), wanted_, largest()).values
                    : found;
      return;
  }
}

torch::Tensor TorchReduction::finish() const {
  if (reduction_ == Over::sum || reduction_ == Over::logsumexp) return so_far_.to(torch::kFloat);
  return std::get<0>(at::sort(so_far_, 1, largest()));
}

}  // namespace nescio::expr
