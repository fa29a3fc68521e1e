#include "base/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace nescio {
std::uint64_t mix(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = Rng::finalise(seed + Rng::golden_gamma);
  z = Rng::finalise((z ^ a) + Rng::golden_gamma);
  return Rng::finalise((z ^ b) + Rng::golden_gamma);
}

Rng::Rng(std::uint64_t seed, std::uint64_t a, std::uint64_t b) : state_(mix(seed, a, b)) {}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::size_t Rng::below(std::size_t count) {
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % count;
  std::uint64_t draw = next();
  while (draw >= limit) draw = next();
  return draw % count;
}

double Rng::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::vector<std::size_t> Rng::permutation(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[below(i)]);
  return order;
}

}  // namespace nescio
