// Reductions over the rows of a bank in double: of the whole row at once.
#include <numeric>

#include "expr/reference_kernels.h"
#include "expr/tiles.h"

namespace nescio::expr {

void reference::over_rows(const ReferenceCall& c) {
  by_row(c, [&](auto x, double* out) {
    switch (static_cast<Over>(c.node.integers[0])) {
      case Over::sum: *out = std::accumulate(x.begin(), x.end(), 0.0); break;
      case Over::logsumexp: *out = log_sum_exp(x); break;
      case Over::smallest: sort_row(x, false, out); break;
      case Over::largest: sort_row(x, true, out); break;
    }
  });
}

}  // namespace nescio::expr
