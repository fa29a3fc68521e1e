// What a file is, by its first bytes: asked by every reader that takes more than one format, and by
// every message that says what was found instead.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace nescio::io {

enum class FileFormat {
  empty,
  npy,
  zip,          // .npz, or a .pth of torch.save
  pickle,       // also the older form of torch.save
  safetensors,  // whatever its first byte: it is the length of the header
  gzip,
  idx,
  hdf5,
  json,
  markup,       // HTML or XML
  lfs_pointer,  // what Git leaves in the place of a large file
  pdf,
  picture,
  utf16,  // text of Windows
  text,   // in UTF-8 or another code that has ASCII in it
  other
};

/// Cost: the first 512 bytes are looked at.
FileFormat identify(std::span<const std::uint8_t> bytes);

/// "a Git LFS pointer instead of the file (run `git lfs pull`)": what was found, and what to do
/// where that is known.
std::string describe(FileFormat kind);

}  // namespace nescio::io
