// Exact quantiles of more numbers than fit in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/communicator.h"
#include "math/bracket.h"

namespace nescio::math {

/// Calls its argument for every chunk of the data, in any order; run several times over the same data.
using FloatChunks = std::function<void(const std::function<void(std::span<const float>)>&)>;
using DoubleChunks = std::function<void(const std::function<void(std::span<const double>)>&)>;

/// The value at rank q * (count - 1) of the sorted data, for each q in [0, 1], all in the same passes.
/// Between two ranks numpy's linear interpolation, digit for digit on finite data (on the values widened to
/// double); a rank that is met exactly gives its value, also beside infinities. -0 comes out as 0.
/// Up to 16,384 values are sorted; more take radix selection: two passes over floats, four over doubles, large chunks
/// shared by the threads; memory 0.5 MB for each thread and distinct q, independent of the count.
/// Of several processes each has chunks of its own, and all get the same: what is counted is added up, 0.5 MB for each
/// pass and distinct q. Throws Error on no data, NaN, or q outside [0, 1].
std::vector<double> quantiles(const FloatChunks& chunks, std::span<const double> q,
                              Communicator& processes = alone());
std::vector<double> quantiles(const DoubleChunks& chunks, std::span<const double> q,
                              Communicator& processes = alone());

/// The same from one pass where each guesses[i] holds the values at the ranks of q[i] and not many others: these are
/// kept, up to 16 MB each and thread. A wrong guess costs two more passes and changes nothing.
std::vector<double> quantiles(const FloatChunks& chunks, std::span<const double> q,
                              std::span<const Interval> guesses);

}  // namespace nescio::math
