// A constant of a program on the device, or on the host where it is too large for that.
#pragma once

#include <torch/types.h>

#include "expr/graph.h"

namespace nescio::expr {

class TorchTable {
 public:
  /// Shares the storage of `table`, which must outlive this, where it stays on the host.
  TorchTable(const Table& table, const torch::Device& device, bool resident);

  std::int64_t rows() const { return given_.size(0); }
  std::int64_t width() const { return given_.size(1); }

  /// Rows first .. first + count - 1 as they were given, float32 or float64, on the device.
  torch::Tensor given(std::int64_t first, std::int64_t count) const;
  /// The rows of these numbers; index [n].
  torch::Tensor given(const torch::Tensor& index) const;
  /// As given(), in float32.
  torch::Tensor floats(std::int64_t first, std::int64_t count) const;
  /// Columns first .. first + count - 1 in float32.
  torch::Tensor columns(std::int64_t first, std::int64_t count) const;

  /// All of it in float32; undefined where it stays on the host.
  const torch::Tensor& values() const { return floats_; }
  /// Of one row in double: what its floats leave of it; undefined where that is nothing.
  const torch::Tensor& rest() const { return rest_; }

 private:
  torch::Device device_;
  torch::Tensor given_;  // on the device or the host
  torch::Tensor floats_, rest_;
};

}  // namespace nescio::expr
