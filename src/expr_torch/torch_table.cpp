#include "expr_torch/torch_table.h"

namespace nescio::expr {
namespace {

torch::Tensor view_of(const Table& table) {
  const Array& array = table.array();
  const auto type = array.dtype() == DType::float32 ? torch::kFloat : torch::kDouble;
  // from_blob wants a pointer to what may be changed; nobody does.
  return torch::from_blob(
      const_cast<void*>(array.data()),
      {static_cast<std::int64_t>(table.rows()), static_cast<std::int64_t>(table.cols())},
      torch::dtype(type));
}

}  // namespace

TorchTable::TorchTable(const Table& table, const torch::Device& device, bool resident)
    : device_(device), given_(view_of(table)) {
  if (!resident) return;
  given_ = given_.to(device);
  floats_ = given_.to(torch::kFloat);
  if (rows() != 1 || given_.scalar_type() != torch::kDouble) return;
  const torch::Tensor rest = (given_ - floats_).to(torch::kFloat);
  const torch::Tensor finite = at::where(at::isfinite(floats_), rest, at::zeros_like(rest));
  if (finite.any().item<bool>()) rest_ = finite;
}

torch::Tensor TorchTable::given(std::int64_t first, std::int64_t count) const {
  return given_.narrow(0, first, count).to(device_);
}

torch::Tensor TorchTable::given(const torch::Tensor& index) const {
  return at::index_select(given_, 0, index.to(given_.device())).to(device_);
}

torch::Tensor TorchTable::floats(std::int64_t first, std::int64_t count) const {
  if (floats_.defined()) return floats_.narrow(0, first, count);
  return given(first, count).to(torch::kFloat);
}

torch::Tensor TorchTable::columns(std::int64_t first, std::int64_t count) const {
  if (floats_.defined()) return floats_.narrow(1, first, count);
  return given_.narrow(1, first, count).to(device_).to(torch::kFloat);
}

}  // namespace nescio::expr
