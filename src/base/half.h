// Sixteen-bit floats that are written; base/array.h reads them.
#pragma once

#include <cstdint>

#include "base/array.h"

namespace nescio {

/// IEEE half, the nearest one (of two as near the even one); infinity beyond 65519.
std::uint16_t float_to_half(float value);

/// A float32 array as float16.
Array to_float16(const Array& array);

}  // namespace nescio
