#include "io/file_kind.h"

#include <algorithm>
#include <string_view>

#include "io/bytes.h"
#include "io/pickle.h"

namespace nescio {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  FileKind kind;
  std::size_t at;
  std::string_view bytes;
};

constexpr Beginning beginnings[] = {
    {FileKind::npy, 0, "\x93NUMPY"sv},
    {FileKind::zip, 0, "PK\3\4"sv},
    {FileKind::zip, 0, "PK\5\6"sv},  // an archive of nothing
    {FileKind::gzip, 0, "\x1f\x8b"sv},
    {FileKind::hdf5, 0, "\x89HDF\r\n"sv},
    {FileKind::lfs_pointer, 0, "version https://git-lfs"sv},
    {FileKind::picture, 0, "\xff\xd8\xff"sv},
    {FileKind::picture, 0, "\x89PNG"sv},
    {FileKind::picture, 0, "GIF8"sv},
    {FileKind::picture, 8, "WEBP"sv},
    {FileKind::picture, 0, "II*\0"sv},
    {FileKind::picture, 0, "MM\0*"sv},
};

// The header's length, least significant byte first, then the header, a JSON object that names no
// more than the file has room for.
bool is_safetensors(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 10 || bytes[8] != '{') return false;
  return load_little_endian<std::uint64_t>(bytes.data()) <= bytes.size() - 8;
}

// Two zero bytes, the type of the elements, the number of sides.
bool is_idx(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 8 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] >= 8 && bytes[2] <= 14 &&
         bytes[3] >= 1 && bytes[3] <= 4;
}

bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

}  // namespace

FileKind identify(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return FileKind::empty;
  // First, since the length of its header may look like the beginning of anything.
  if (is_safetensors(bytes)) return FileKind::safetensors;
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 512));
  for (const Beginning& b : beginnings) {
    if (head.size() > b.at && head.substr(b.at).starts_with(b.bytes)) return b.kind;
  }
  if (is_idx(bytes)) return FileKind::idx;
  if (looks_like_pickle(bytes)) return FileKind::pickle;
  std::string_view words = head;
  if (words.starts_with("\xef\xbb\xbf")) words.remove_prefix(3);
  words.remove_prefix(std::min(words.find_first_not_of(" \t\r\n"), words.size()));
  if (words.starts_with('<')) return FileKind::markup;
  if (words.starts_with('{') || words.starts_with('[')) return FileKind::json;
  return is_text(head) ? FileKind::text : FileKind::other;
}

std::string describe(FileKind kind) {
  switch (kind) {
    case FileKind::empty: return "an empty file";
    case FileKind::npy: return "an array of NumPy (.npy)";
    case FileKind::zip: return "a zip archive";
    case FileKind::pickle: return "a pickle of Python";
    case FileKind::safetensors: return "a safetensors file";
    case FileKind::gzip: return "a gzip file; unpack it with gunzip";
    case FileKind::idx: return "an IDX file";
    case FileKind::hdf5: return "an HDF5 file; save its arrays with numpy.savez";
    case FileKind::json: return "JSON";
    case FileKind::markup:
      return "a web page (or other XML); downloads that ask for a login or are over their quota "
             "leave such a page instead of the file";
    case FileKind::lfs_pointer:
      return "the pointer that Git LFS leaves in the place of a file; run `git lfs pull` there";
    case FileKind::picture: return "a picture";
    case FileKind::text: return "a text file";
    case FileKind::other: break;
  }
  return "a file that begins like none of these";
}

}  // namespace nescio
