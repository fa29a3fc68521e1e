// For tests: writes small zip archives, honest ones and others.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nescio::io {

/// What the archive says of a member; the defaults are the truth.
struct TestZipMember {
  std::string name;
  std::string content = {};
  bool deflated = false;
  std::int64_t claimed_size = -1;
  std::int64_t claimed_offset = -1;
  std::uint16_t flags = 0;
  bool wrong_checksum = false;
  bool zip64 = false;
};

inline std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

inline std::string deflated(std::string_view content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string test_zip(const std::vector<TestZipMember>& members, bool zip64_end = false) {
  std::string out;
  std::string directory;
  for (const auto& m : members) {
    const std::string packed = m.deflated ? deflated(m.content) : m.content;
    const auto* bytes = reinterpret_cast<const Bytef*>(m.content.data());
    const std::uint64_t crc = crc32_z(0, bytes, m.content.size()) ^ (m.wrong_checksum ? 1u : 0u);
    const std::uint64_t size =
        m.claimed_size >= 0 ? static_cast<std::uint64_t>(m.claimed_size) : m.content.size();
    const std::uint64_t offset =
        m.claimed_offset >= 0 ? static_cast<std::uint64_t>(m.claimed_offset) : out.size();
    const std::string begin = little_endian(20, 2) + little_endian(m.flags, 2) +
                              little_endian(m.deflated ? 8 : 0, 2) + little_endian(0, 4) +
                              little_endian(crc, 4);
    const std::string sizes = little_endian(packed.size(), 4) + little_endian(size, 4);
    const std::string ones = little_endian(0xffffffff, 4);
    std::string extra;
    if (m.zip64) {
      extra = little_endian(1, 2) + little_endian(24, 2) + little_endian(size, 8) +
              little_endian(packed.size(), 8) + little_endian(offset, 8);
    }
    out += "PK\x03\x04" + begin + sizes + little_endian(m.name.size(), 2) + little_endian(0, 2) +
           m.name + packed;
    directory += "PK\x01\x02" + little_endian(20, 2) + begin + (m.zip64 ? ones + ones : sizes) +
                 little_endian(m.name.size(), 2) + little_endian(extra.size(), 2) +
                 little_endian(0, 10) + (m.zip64 ? ones : little_endian(offset, 4)) + m.name +
                 extra;
  }
  const std::size_t at = out.size();
  out += directory;
  if (zip64_end) {
    const std::size_t end64 = out.size();
    out += "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
           little_endian(0, 8) + little_endian(members.size(), 8) +
           little_endian(members.size(), 8) + little_endian(directory.size(), 8) +
           little_endian(at, 8);
    out += "PK\x06\x07" + little_endian(0, 4) + little_endian(end64, 8) + little_endian(1, 4);
  }
  const std::uint64_t none = 0xffffffff;
  out += "PK\x05\x06" + little_endian(0, 4) +
         little_endian(zip64_end ? 0xffff : members.size(), 2) +
         little_endian(zip64_end ? 0xffff : members.size(), 2) +
         little_endian(zip64_end ? none : directory.size(), 4) +
         little_endian(zip64_end ? none : at, 4) + little_endian(0, 2);
  return out;
}

}  // namespace nescio::io
