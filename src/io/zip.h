// Zip archives, for reading: stored and deflated members, zip64.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/bytes.h"

namespace nescio::io {

/// One file of an archive.
struct ZipMember {
  std::string name;
  std::uint64_t size = 0;    // bytes when unpacked
  std::uint64_t packed = 0;  // bytes in the archive
  std::uint64_t data = 0;    // where these begin
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  // 0 stored, 8 deflated
};

/// An archive in memory or mapped. Refused with an Error: encrypted members, archives of several
/// disks, members that overlap one another, lie outside the file, have the same name or claim to be
/// larger than deflate can pack into their bytes.
class ZipArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path);
  /// `where` begins the messages.
  ZipArchive(SharedBytes bytes, std::string where);

  /// In the order of the archive's directory.
  const std::vector<ZipMember>& members() const { return members_; }
  /// nullptr if there is none of this name.
  const ZipMember* find(std::string_view name) const;
  /// The member's bytes: a part of the archive where stored, otherwise unpacked into memory, which
  /// grows with what is really there. The checksum is checked. Cost: one pass over the member.
  SharedBytes read(const ZipMember& member) const;

 private:
  void read_directory();
  void check_overlaps() const;

  SharedBytes bytes_;
  std::string where_;
  std::vector<ZipMember> members_;
};

/// True if the bytes begin as a zip archive does.
bool looks_like_zip(std::span<const std::uint8_t> bytes);

}  // namespace nescio::io
