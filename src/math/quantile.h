// Exact quantiles of more numbers than fit in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace nescio::math {

/// Calls its argument for every chunk of the data, in any order; run several times over the same
/// data.
using FloatChunks = std::function<void(const std::function<void(std::span<const float>)>&)>;
using DoubleChunks = std::function<void(const std::function<void(std::span<const double>)>&)>;

/// numpy's linear interpolation: the value at rank q * (count - 1) of the sorted data, for each q
/// in [0, 1]. Radix selection: two passes over floats (four over doubles), memory independent of
/// the count. Throws Error on no data and on NaN.
std::vector<double> quantiles(const FloatChunks& chunks, std::span<const double> q);
std::vector<double> quantiles(const DoubleChunks& chunks, std::span<const double> q);

}  // namespace nescio::math
