// Arrays of Python as arrays of the library and back, without a copy; and what holds while the library computes.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "base/array.h"

namespace nescio::python {

namespace nb = nanobind;

/// Rows of floats as the package's Python half hands them over: it has converted what was anything else.
using Rows = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu, nb::ro>;
/// Any array in memory; to_array() takes float32, float64 and int64.
using AnyArray = nb::ndarray<nb::c_contig, nb::device::cpu, nb::ro>;
using ArraysByName = std::map<std::string, AnyArray>;

/// The same memory, which stays alive as long as the result.
Array to_array(const AnyArray& array);
std::map<std::string, Array> to_arrays(const ArraysByName& arrays);
/// A copy in memory of its own.
Array copied(const Array& array);
/// A read-only numpy array over the same memory (bfloat16, which numpy has not, as float32).
nb::object to_numpy(const Array& array);

/// A new numpy array that takes the values.
template <class T>
nb::object to_numpy(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, owner));
}

/// Error, with row and column, for NaN and infinity in a float32 matrix.
void require_finite(const std::string& name, const Array& array);

/// While one lives, other Python threads run, and Ctrl-C stops the library at its next check_interrupt(): an
/// Interrupted, which becomes what Python's handler of the signal raises.
class Computing {
 public:
  Computing();
  ~Computing();
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

 private:
  bool listens_ = false;
  struct sigaction before_ = {};
  PyThreadState* released_ = nullptr;
};

/// Called by the translator of Interrupted: sets the Python exception.
void raise_interrupt();

}  // namespace nescio::python
