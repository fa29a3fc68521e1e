// What every fuzz target is: one reader, given bytes that nobody vouches for.
#pragma once

#include "base/array.h"
#include "io/bytes.h"

namespace nescio {

/// Written by each target: reads the bytes. An Error is a good answer, everything else is a fault.
void read_untrusted(const io::SharedBytes& bytes);

/// Reads every byte of the array, so that the sanitizers see where it lies.
void touch(const Array& array);

}  // namespace nescio
