// Products with tables, distances to their rows, and picking of columns in double.
#include <algorithm>

#include "expr/reference_kernels.h"

namespace nescio::expr {

void reference::matmul(const ReferenceCall& call) {
  const auto& x = call.arguments[0];
  const auto& table = call.arguments[1];
  const bool by_rows = call.node.integers[0] != 0;
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < x.width; ++k) {
        sum +=
            x(r, k) * (by_rows ? table.data[c * x.width + k] : table.data[k * call.node.width + c]);
      }
      call.result(r, c) = sum;
    }
  }
}
void reference::squared_distances(const ReferenceCall& call) {
  const auto& x = call.arguments[0];
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < x.width; ++k) {
        const double difference = x(r, k) - call.arguments[1].data[c * x.width + k];
        sum += difference * difference;
      }
      call.result(r, c) = sum;
    }
  }
}
void reference::take_row(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    const auto row = static_cast<std::size_t>(call.arguments[1](r, 0));
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[0].data[row * call.node.width + c];
    }
  }
}
void reference::gather_columns(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    for (std::size_t c = 0; c < call.node.width; ++c) {
      call.result(r, c) = call.arguments[0](r, static_cast<std::size_t>(call.arguments[1](r, c)));
    }
  }
}
void reference::slice_columns(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    std::copy(x.begin() + c.node.integers[0], x.begin() + c.node.integers[1], out);
  });
}
void reference::select_columns(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    for (const std::int64_t i : c.node.integers) *out++ = x[static_cast<std::size_t>(i)];
  });
}
void reference::concat(const ReferenceCall& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    double* out = &call.result(r, 0);
    for (const auto& part : call.arguments) {
      out = std::copy(part.row(r), part.row(r) + part.width, out);
    }
  }
}

}  // namespace nescio::expr
