#include "statistics/softmax_sums.h"

#include <algorithm>

#include "math/double_rows.h"

namespace nescio::statistics {

const Matrix& softmax_sums(Statistics& statistics, const expr::Expr& logits) {
  const std::size_t classes = logits.width();
  const auto add = [](const Rows& rows, Matrix& sums) {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      const auto z = rows.row(r);
      const auto largest = std::ranges::max_element(z);
      const auto sum = sums.row(static_cast<std::size_t>(largest - z.begin()));
      const double share = 1 / math::exp_terms(z.data(), z.size(), *largest);
      for (std::size_t c = 0; c < z.size(); ++c) sum[c] += z[c] * share;
      sum[z.size()] += 1;
    }
  };
  return statistics.derived<Matrix>("softmax sums", logits, [&] {
    return statistics.reduce(logits, Matrix(classes, classes + 1), add);
  });
}

}  // namespace nescio::statistics
