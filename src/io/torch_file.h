// Weights that torch.save wrote (.pth, .pt, .th): the zip form and the older one, executing
// nothing.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio {

/// The tensors of a state dict by name, mapped without a copy where they are contiguous. The state
/// dict is the saved object itself or lies in it under "state_dict", "model" or "net" (also
/// nested); whatever else the file holds (epoch, accuracy ...) is left out. The pickle inside is
/// interpreted by a machine that knows dictionaries, numbers, text and the few torch functions that
/// rebuild a tensor, and that calls nothing: Error, with the name of what was asked for and how to
/// save the weights without it, for everything else.
std::map<std::string, Array> read_torch_weights(const std::filesystem::path& path);

/// The same from memory; `where` begins the message of an Error.
std::map<std::string, Array> parse_torch_weights(const SharedBytes& bytes, std::string_view where);

}  // namespace nescio
