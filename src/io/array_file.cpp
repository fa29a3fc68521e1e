#include "io/array_file.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/file_format.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/pickled_arrays.h"
#include "io/safetensors.h"
#include "io/text_array.h"
#include "io/torch_file.h"

namespace nescio::io {
namespace {

std::vector<std::string> names_of(const std::map<std::string, Array>& arrays) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) names.push_back(name);
  return names;
}

// The one of `names` that was meant: the only one where none was given.
std::string pick(const std::vector<std::string>& names, const ArrayPlace& place, bool columns) {
  if (names.empty()) fail(place.file, ": holds no array");
  if (!place.member) {
    if (names.size() == 1) return names.front();
    const std::string several = columns
                                    ? text("; several side by side, as in ", place.file, "#",
                                           names[0], ",", names[1], "; or all, ", place.file, "#*")
                                    : "";
    fail(place.file, ": holds several arrays; name one, as in ", place.file, "#", names.front(),
         several, ".", list_known(names));
  }
  if (names.size() == 1 && names.front().empty()) {
    fail(place.file, ": holds one array without a name; leave '#", *place.member, "' out");
  }
  if (std::ranges::find(names, *place.member) == names.end()) {
    fail(place.file, ": there is no array '", *place.member, "'.", suggest(*place.member, names));
  }
  return *place.member;
}

StoredArrays parse_arrays(const SharedBytes& bytes, const std::string& path) {
  StoredArrays out{.format = identify(bytes.span()), .groups = {}};
  switch (out.format) {
    case FileFormat::npy: out.groups = {{{}, {{"", parse_npy(bytes, path)}}}}; break;
    case FileFormat::safetensors: {
      Safetensors found = parse_safetensors(bytes, path);
      out.groups = {{{}, std::move(found.tensors), std::move(found.unread)}};
      out.metadata = std::move(found.metadata);
      break;
    }
    case FileFormat::zip:
    case FileFormat::pickle:
      if (looks_like_torch(bytes, path)) {
        out.groups = parse_torch_file(bytes, path);
      } else if (out.format == FileFormat::zip) {
        NpzArrays found = parse_npz(bytes, path);
        out.groups = {{{}, std::move(found.arrays)}};
        out.others = std::move(found.others);
      } else {
        out.groups = {{{}, parse_pickled_arrays(bytes, path).arrays}};
        if (out.groups[0].tensors.empty()) {
          fail(path,
               ": expected arrays of NumPy or lists of numbers, found a pickle without any; save "
               "those: "
               "pickle.dump({'logits': z.numpy()}, file)");
        }
      }
      break;
    case FileFormat::text: out.groups = {{{}, parse_text_arrays(bytes.text(), path)}}; break;
    default:
      fail(path, ": expected an array as .npy, .npz#name, .safetensors#name, .pth#name, ",
           ".pkl#name, .csv#column or a text of numbers, found ", describe(out.format));
  }
  return out;
}

}  // namespace

ArrayPlace array_place(std::string_view file_and_member) {
  if (is_there(file_and_member)) return {std::string(file_and_member), std::nullopt};
  const auto split = [&](std::size_t hash) {
    return ArrayPlace{std::string(file_and_member.substr(0, hash)),
                      std::string(file_and_member.substr(hash + 1))};
  };
  const auto last = file_and_member.rfind('#');
  if (last == std::string_view::npos) return {std::string(file_and_member), std::nullopt};
  for (auto hash = last; hash != std::string_view::npos && hash > 0;
       hash = file_and_member.rfind('#', hash - 1)) {
    if (is_there(file_and_member.substr(0, hash))) return split(hash);
  }
  return split(last);
}

Array read_array(std::string_view file_and_member) {
  const ArrayPlace place = array_place(file_and_member);
  const std::string& path = place.file;
  const SharedBytes bytes = map_file(path);
  // Of an archive only the member that is asked for is unpacked.
  if (identify(bytes.span()) == FileFormat::zip && !looks_like_torch(bytes, path)) {
    return parse_npz(bytes, path, pick(npz_members(bytes, path), place, false));
  }
  const bool is_text = identify(bytes.span()) == FileFormat::text;
  if (is_text && place.member) return parse_text_columns(bytes.text(), path, *place.member);
  const std::vector<TensorGroup> groups = parse_arrays(bytes, path).groups;
  const auto arrays = join_groups(groups);
  const auto unread = join_unread(groups);
  std::vector<std::string> names = names_of(arrays);
  for (const auto& [name, why] : unread) names.push_back(name);
  const std::string name = pick(names, place, is_text);
  const auto fault = unread.find(name);
  if (fault != unread.end()) fail(path, ": array '", printable(name), "': ", fault->second);
  return arrays.at(name);
}

StoredArrays read_arrays(const std::filesystem::path& path) {
  return parse_arrays(map_file(path), path.string());
}

}  // namespace nescio::io
