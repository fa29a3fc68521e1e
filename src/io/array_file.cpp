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
#include "io/torch_file.h"

namespace nescio::io {
namespace {

bool is_file(std::string_view path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(path), ignored);
}

std::vector<std::string> names_of(const std::map<std::string, Array>& arrays) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) names.push_back(name);
  return names;
}

// The one of `names` that was meant: the only one where none was given.
std::string pick(const std::vector<std::string>& names, const ArrayPlace& place) {
  if (names.empty()) fail(place.file, ": holds no array");
  if (!place.member) {
    if (names.size() == 1) return names.front();
    fail(place.file, ": holds several arrays; name one, as in ", place.file, "#", names.front(),
         ". Known: ", join(names), ".");
  }
  if (names.size() == 1 && names.front().empty()) {
    fail(place.file, ": holds one array without a name; leave '#", *place.member, "' out");
  }
  if (std::ranges::find(names, *place.member) == names.end()) {
    fail(place.file, ": there is no array '", *place.member, "'.", suggest(*place.member, names));
  }
  return *place.member;
}

}  // namespace

ArrayPlace array_place(std::string_view file_and_member) {
  if (is_file(file_and_member)) return {std::string(file_and_member), std::nullopt};
  const auto split = [&](std::size_t hash) {
    return ArrayPlace{std::string(file_and_member.substr(0, hash)),
                      std::string(file_and_member.substr(hash + 1))};
  };
  const auto last = file_and_member.rfind('#');
  if (last == std::string_view::npos) return {std::string(file_and_member), std::nullopt};
  for (auto hash = last; hash != std::string_view::npos && hash > 0;
       hash = file_and_member.rfind('#', hash - 1)) {
    if (is_file(file_and_member.substr(0, hash))) return split(hash);
  }
  return split(last);
}

Array read_array(std::string_view file_and_member) {
  const ArrayPlace place = array_place(file_and_member);
  const std::string& path = place.file;
  const SharedBytes bytes = map_file(path);
  const auto from = [&](const std::map<std::string, Array>& arrays) {
    return arrays.at(pick(names_of(arrays), place));
  };
  switch (const FileFormat kind = identify(bytes.span())) {
    case FileFormat::npy:
      if (!place.member) return parse_npy(bytes, path);
      fail(path, ": holds one array without a name; leave '#", *place.member, "' out");
    case FileFormat::safetensors: return from(parse_safetensors(bytes, path).tensors);
    case FileFormat::zip:
      if (!looks_like_torch(bytes, path)) {
        return parse_npz(bytes, path, pick(npz_members(bytes, path), place));
      }
      return from(join_groups(parse_torch_file(bytes, path)));
    case FileFormat::pickle:
      if (looks_like_torch(bytes, path)) return from(join_groups(parse_torch_file(bytes, path)));
      return from(parse_pickled_arrays(bytes, path).arrays);
    default:
      fail(path, ": expected an array as .npy, .npz#name, .safetensors#name, .pth#name or ",
           ".pkl#name, found ", describe(kind));
  }
}

}  // namespace nescio::io
