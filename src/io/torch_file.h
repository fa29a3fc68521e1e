// Tensors that torch.save wrote (.pth, .pt, .th, .ckpt): the zip form and the older one, executing
// nothing.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

/// A dictionary of tensors, or a list of them, that stands somewhere in a saved object.
struct TensorGroup {
  std::string key;                       // the way to it: "", "state_dict", "weights.net", "0"
  std::map<std::string, Array> tensors;  // by name; of a list "0", "1"; of a bare tensor ""
  std::map<std::string, std::string> unread = {};  // why no Array holds these: complex numbers, say
};

/// All groups with at least one tensor (or array of NumPy), in the order of the file; mapped without
/// a copy where they are contiguous and aligned. Whatever else the file holds (epoch, accuracy,
/// objects of any class) stays closed: the pickle inside is interpreted by a machine that knows
/// dictionaries, numbers, text and the few torch functions that rebuild a tensor, and that calls
/// nothing. Error for other and damaged files, for whole objects saved instead of their tensors, and
/// for files without any tensor that can be read.
std::vector<TensorGroup> read_torch_file(const std::filesystem::path& path);

/// The same from memory; `where` begins the message of an Error.
std::vector<TensorGroup> parse_torch_file(const SharedBytes& bytes, std::string_view where);

/// The tensors of all groups in one: under their own names where there is a single group, otherwise
/// as "KEY.NAME".
std::map<std::string, Array> join_groups(const std::vector<TensorGroup>& groups);
/// Those of all groups that no Array holds, by the same names.
std::map<std::string, std::string> join_unread(const std::vector<TensorGroup>& groups);

/// Did torch.save write this zip archive or pickle? The archive has a member data.pkl; the older
/// form begins with a pickle of a magic number.
bool looks_like_torch(const SharedBytes& bytes, std::string_view where);

}  // namespace nescio::io
