// The safetensors format: a JSON header, then raw little-endian values.
//   https://github.com/huggingface/safetensors
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

struct Safetensors {
  std::map<std::string, Array> tensors;
  std::map<std::string, std::string> metadata;     // the header's "__metadata__"
  std::map<std::string, std::string> unread = {};  // why no Array holds these: float8, say
};

/// All tensors, mapped without a copy where they lie aligned. Error for a header above 100 MB or
/// beyond the file, holes or overlaps between tensors, a name that occurs twice, and where all are of
/// types that DType has not.
Safetensors read_safetensors(const std::filesystem::path& path);

/// The same from memory; `where` begins the message of an Error.
Safetensors parse_safetensors(const SharedBytes& bytes, std::string_view where);

/// Writes it atomically. Tensors lie by falling element size, then by name, so that each is
/// aligned; equal content gives equal bytes.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, Array>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace nescio::io
