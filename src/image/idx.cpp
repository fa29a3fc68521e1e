#include "image/idx.h"

#include <zlib.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/within.h"

namespace nescio::image {
namespace {

constexpr std::size_t most_sides = 4;

struct IdxHeader {
  Shape shape;
  std::size_t bytes = 0;  // before the values
};

/// `bytes` holds the header as far as the file has it.
IdxHeader parse_header(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) {
    fail(where, ": is no IDX file: expected two zero bytes, a type and a number of sides first");
  }
  if (bytes[2] != 8) {
    fail(where, ": expected IDX elements of type 8 (unsigned bytes), found type ",
         static_cast<int>(bytes[2]));
  }
  const std::size_t sides = bytes[3];
  if (sides == 0 || sides > most_sides) {
    fail(where, ": expected 1 to ", most_sides, " sides, found ", sides);
  }
  IdxHeader header;
  header.bytes = 4 + 4 * sides;
  if (bytes.size() < header.bytes) fail(where, ": truncated within the header");
  for (std::size_t i = 4; i < header.bytes; i += 4) {
    header.shape.push_back(std::size_t{bytes[i]} << 24 | std::size_t{bytes[i + 1]} << 16 |
                           std::size_t{bytes[i + 2]} << 8 | std::size_t{bytes[i + 3]});
  }
  within(text(where, ": "), [&] { count_of(header.shape); });
  return header;
}

/// Unpacks gzip piece by piece.
class Gunzip {
 public:
  Gunzip(std::span<const std::uint8_t> packed, std::string_view where)
      : packed_(packed), where_(where) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) fail(where, ": zlib cannot start");
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// Makes `out` longer until it has `size` bytes or the data end.
  void read_up_to(std::size_t size, std::vector<std::uint8_t>& out) {
    std::size_t made = out.size();
    while (made < size && !ended_) {
      // Doubling: memory follows what was unpacked, not what the header claims.
      if (made == out.size()) out.resize(std::min(size, std::max<std::size_t>(2 * made, 1 << 16)));
      constexpr std::size_t most = 1u << 30;  // zlib counts in 32 bits
      const std::size_t in = std::min(packed_.size() - taken_, most);
      const std::size_t room = std::min(out.size() - made, most);
      stream_.next_in = const_cast<std::uint8_t*>(packed_.data()) + taken_;
      stream_.avail_in = static_cast<unsigned>(in);
      stream_.next_out = out.data() + made;
      stream_.avail_out = static_cast<unsigned>(room);
      const int state = inflate(&stream_, Z_NO_FLUSH);
      taken_ += in - stream_.avail_in;
      made += room - stream_.avail_out;
      if (state == Z_STREAM_END) {
        ended_ = !begin_next_member();
      } else if (state != Z_OK) {
        fail(where_, ": damaged or truncated gzip after ", made, " unpacked bytes");
      }
    }
    out.resize(made);
  }

 private:
  /// A file may hold several members, which unpack to one after the other (RFC 1952, 2.2); what
  /// follows the last one is passed over as gzip does.
  bool begin_next_member() {
    const auto rest = packed_.subspan(taken_);
    return rest.size() >= 2 && rest[0] == 0x1f && rest[1] == 0x8b && inflateReset(&stream_) == Z_OK;
  }

  std::span<const std::uint8_t> packed_;
  std::string_view where_;
  z_stream stream_{};
  std::size_t taken_ = 0;
  bool ended_ = false;
};

[[noreturn]] void wrong_size(std::string_view where, const IdxHeader& header,
                             std::string_view found) {
  fail(where, ": the header promises ", to_string(header.shape), " bytes after ", header.bytes,
       " of header, found ", found, "; the file is truncated or damaged");
}

}  // namespace

Array parse_idx(const io::SharedBytes& bytes, std::string_view where) {
  const bool packed = bytes.size() >= 2 && bytes.data()[0] == 0x1f && bytes.data()[1] == 0x8b;
  if (!packed) {
    IdxHeader header = parse_header(bytes.span(), where);
    const std::size_t values = bytes.size() - header.bytes;
    if (values != count_of(header.shape)) wrong_size(where, header, std::to_string(values));
    return io::array_from_bytes(DType::uint8, header.shape, bytes.part(header.bytes, values));
  }
  Gunzip gunzip(bytes.span(), where);
  std::vector<std::uint8_t> unpacked;
  gunzip.read_up_to(4 + 4 * most_sides, unpacked);
  const IdxHeader header = parse_header(unpacked, where);
  const std::size_t size = header.bytes + count_of(header.shape);
  // One byte more than promised shows an archive that is longer.
  gunzip.read_up_to(size + 1, unpacked);
  if (unpacked.size() > size) wrong_size(where, header, "more");
  if (unpacked.size() < size) {
    wrong_size(where, header, std::to_string(unpacked.size() - header.bytes));
  }
  const io::SharedBytes whole(std::move(unpacked));
  return io::array_from_bytes(DType::uint8, header.shape,
                              whole.part(header.bytes, size - header.bytes));
}

}  // namespace nescio::image
