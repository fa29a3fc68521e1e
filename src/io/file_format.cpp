#include "io/file_format.h"

#include <algorithm>
#include <string_view>

#include "io/bytes.h"
#include "io/pickle.h"

namespace nescio::io {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  FileFormat kind;
  std::size_t at;
  std::string_view bytes;
};

constexpr Beginning beginnings[] = {
    {FileFormat::npy, 0, "\x93NUMPY"sv},
    {FileFormat::zip, 0, "PK\3\4"sv},
    {FileFormat::zip, 0, "PK\5\6"sv},  // an archive of nothing
    {FileFormat::gzip, 0, "\x1f\x8b"sv},
    {FileFormat::hdf5, 0, "\x89HDF\r\n"sv},
    {FileFormat::lfs_pointer, 0, "version https://git-lfs"sv},
    {FileFormat::pdf, 0, "%PDF"sv},
    {FileFormat::utf16, 0, "\xff\xfe"sv},
    {FileFormat::utf16, 0, "\xfe\xff"sv},
    {FileFormat::picture, 0, "\xff\xd8\xff"sv},
    {FileFormat::picture, 0, "\x89PNG"sv},
    {FileFormat::picture, 0, "GIF8"sv},
    {FileFormat::picture, 8, "WEBP"sv},
    {FileFormat::picture, 0, "II*\0"sv},
    {FileFormat::picture, 0, "MM\0*"sv},
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

// Letters beyond ASCII may be in any code that has ASCII's control characters.
bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
  });
}

}  // namespace

FileFormat identify(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return FileFormat::empty;
  // First, since the length of its header may look like the beginning of anything.
  if (is_safetensors(bytes)) return FileFormat::safetensors;
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 512));
  for (const Beginning& b : beginnings) {
    if (head.size() > b.at && head.substr(b.at).starts_with(b.bytes)) return b.kind;
  }
  if (is_idx(bytes)) return FileFormat::idx;
  if (looks_like_pickle(bytes)) return FileFormat::pickle;
  std::string_view words = head;
  if (words.starts_with("\xef\xbb\xbf")) words.remove_prefix(3);
  words.remove_prefix(std::min(words.find_first_not_of(" \t\r\n"), words.size()));
  if (words.starts_with('<')) return FileFormat::markup;
  if (words.starts_with('{') || words.starts_with('[')) return FileFormat::json;
  return is_text(words) ? FileFormat::text : FileFormat::other;
}

std::string describe(FileFormat kind) {
  switch (kind) {
    case FileFormat::empty: return "an empty file";
    case FileFormat::npy: return "an array of NumPy (.npy)";
    case FileFormat::zip: return "a zip archive";
    case FileFormat::pickle: return "a pickle of Python";
    case FileFormat::safetensors: return "a safetensors file";
    case FileFormat::gzip: return "a gzip file; unpack it with gunzip";
    case FileFormat::idx: return "an IDX file";
    case FileFormat::hdf5: return "an HDF5 file; save its arrays with numpy.savez";
    case FileFormat::json: return "JSON";
    case FileFormat::markup:
      return "a web page (or other XML); downloads that ask for a login or are over their quota "
             "leave such a page instead of the file";
    case FileFormat::lfs_pointer:
      return "the pointer that Git LFS leaves in the place of a file; run `git lfs pull` there";
    case FileFormat::pdf: return "a PDF file";
    case FileFormat::picture: return "a picture";
    case FileFormat::utf16: return "UTF-16 text; save it as UTF-8";
    case FileFormat::text: return "a text file";
    case FileFormat::other: break;
  }
  return "a file that begins like none of these";
}

}  // namespace nescio::io
