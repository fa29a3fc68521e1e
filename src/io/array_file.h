// One array named on the command line, whatever file it lies in.
#pragma once

#include <string_view>

#include "base/array.h"

namespace nescio {

/// "FILE.npy", "FILE.npz#name", "FILE.safetensors#name", "FILE.pth#name". What the file is, its
/// first bytes say. Error for a container without #name or without that member: lists the members.
Array read_array(std::string_view file_and_member);

}  // namespace nescio
