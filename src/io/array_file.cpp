#include "io/array_file.h"

#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/safetensors.h"
#include "io/torch_file.h"
#include "io/zip.h"

namespace nescio {
namespace {

bool is_file(std::string_view path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(path), ignored);
}

Array pick(const std::map<std::string, Array>& arrays, std::string_view path,
           std::string_view member) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) {
    if (name == member) return array;
    names.push_back(name);
  }
  fail(path, ": there is no array '", member, "'.", suggest(member, names));
}

[[noreturn]] void member_missing(std::string_view path, const std::vector<std::string>& names) {
  const std::string first = names.empty() ? "name" : names.front();
  fail(path, ": holds several arrays; name one, as in ", path, "#", first, ".",
       " Known: ", join(names), ".");
}

std::vector<std::string> names_of(const std::map<std::string, Array>& arrays) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) names.push_back(name);
  return names;
}

}  // namespace

Array read_array(std::string_view file_and_member) {
  // A '#' may be part of a path; then the file is there under the whole text.
  const auto hash = is_file(file_and_member) ? std::string_view::npos : file_and_member.rfind('#');
  const std::string_view path = file_and_member.substr(0, hash);
  const bool named = hash != std::string_view::npos;
  const std::string_view member = named ? file_and_member.substr(hash + 1) : std::string_view{};

  const SharedBytes bytes = map_file(path);
  const std::string_view content = bytes.text();
  if (content.starts_with("\x93NUMPY")) {
    if (named) fail(path, ": holds one array without a name; leave '#", member, "' out");
    return parse_npy(bytes, path);
  }
  const bool torch = path.ends_with(".pth") || path.ends_with(".pt") || path.ends_with(".th") ||
                     content.starts_with('\x80');
  if (!torch && looks_like_zip(bytes.span())) {
    if (!named) member_missing(path, npz_members(bytes, path));
    return parse_npz(bytes, path, member);
  }
  if (!torch && !path.ends_with(".safetensors")) {
    fail(path, ": expected an array as .npy, .npz#name, .safetensors#name or .pth#name, found ",
         bytes.size() == 0 ? "an empty file" : "something else");
  }
  const auto arrays =
      torch ? parse_torch_weights(bytes, path) : parse_safetensors(bytes, path).tensors;
  if (!named) member_missing(path, names_of(arrays));
  return pick(arrays, path, member);
}

}  // namespace nescio
