#include "detectors/seen_means.h"

#include <algorithm>

#include "base/class_names.h"

namespace nescio::detectors {

Matrix seen_means(const Inputs& in, statistics::Statistics& statistics, Notices& notices) {
  const std::size_t width = in.features.width();
  // The class stands behind the features, and behind their sum the number of rows.
  const Expr seen = concat({in.features, in.seen()});
  const Matrix& sums = statistics.derived<Matrix>("sums by last column", seen, [&] {
    return statistics.reduce(seen, Matrix(in.logits.width(), width + 1),
                             [&](const statistics::Rows& rows, Matrix& to) {
                               for (std::size_t r = 0; r < rows.count(); ++r) {
                                 const auto row = rows.row(r);
                                 const auto sum = to.row(static_cast<std::size_t>(row[width]));
                                 for (std::size_t d = 0; d < width; ++d) sum[d] += row[d];
                                 sum[width] += 1;
                               }
                             });
  });
  Matrix means(sums.rows, width);
  std::vector<std::size_t> unseen;
  for (std::size_t c = 0; c < sums.rows; ++c) {
    const double count = sums(c, width);
    if (count == 0) {
      unseen.push_back(c);
      std::ranges::copy(statistics.mean(in.features).row(0), means.row(c).begin());
      continue;
    }
    for (std::size_t d = 0; d < width; ++d) means(c, d) = sums(c, d) / count;
  }
  if (!unseen.empty()) {
    notices.push_back(text("the network sees ", unseen.size(), " of the ", sums.rows, " classes (",
                           first_numbers(unseen), ") in no row of ", statistics.name(),
                           "; their means are that of all rows"));
  }
  return means;
}

}  // namespace nescio::detectors
