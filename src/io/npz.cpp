#include "io/npz.h"

#include <algorithm>

#include "base/error.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/zip.h"

namespace nescio::io {
namespace {

constexpr std::string_view suffix = ".npy";

std::vector<std::string> array_names(const ZipArchive& archive) {
  std::vector<std::string> names;
  for (const auto& member : archive.members()) {
    if (member.name.ends_with(suffix)) {
      names.push_back(member.name.substr(0, member.name.size() - suffix.size()));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string> npz_members(const std::filesystem::path& path) {
  return npz_members(map_file(path), path.string());
}

Array read_npz(const std::filesystem::path& path, std::string_view member) {
  return parse_npz(map_file(path), path.string(), member);
}

std::vector<std::string> npz_members(const SharedBytes& bytes, std::string_view where) {
  return array_names(ZipArchive(bytes, std::string(where)));
}

NpzArrays parse_npz(const SharedBytes& bytes, std::string_view where) {
  const ZipArchive archive(bytes, std::string(where));
  NpzArrays out;
  for (const std::string& name : array_names(archive)) {
    const SharedBytes content = archive.read(*archive.find(name + std::string(suffix)));
    try {
      out.arrays.emplace(name, parse_npy(content, text(where, "#", name)));
    } catch (const Error& e) {
      out.others.emplace(name, e.what());
    }
  }
  return out;
}

Array parse_npz(const SharedBytes& bytes, std::string_view where, std::string_view member) {
  const ZipArchive archive(bytes, std::string(where));
  const ZipMember* found = archive.find(std::string(member) + std::string(suffix));
  if (!found) {
    fail(where, ": there is no array '", member, "'.", suggest(member, array_names(archive)));
  }
  return parse_npy(archive.read(*found), text(where, "#", member));
}

}  // namespace nescio::io
