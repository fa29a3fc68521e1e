#include "io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "io/file.h"

// The layout follows PKWARE's APPNOTE.TXT 6.3; section numbers below are those of that document.
namespace nescio::io {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t entry_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::size_t local_size = 30;
constexpr std::size_t entry_size = 46;
constexpr std::size_t end_size = 22;
constexpr std::size_t end64_size = 56;
constexpr std::size_t locator64_size = 20;

// Deflate codes at most 258 bytes in 2 bits: nothing packs better than 1032 to 1.
constexpr std::uint64_t best_ratio = 1032;

std::uint16_t u16(const std::uint8_t* p) { return load_little_endian<std::uint16_t>(p); }
std::uint32_t u32(const std::uint8_t* p) { return load_little_endian<std::uint32_t>(p); }
std::uint64_t u64(const std::uint8_t* p) { return load_little_endian<std::uint64_t>(p); }

// The archive's end record lies before a comment of at most 65,535 bytes (4.3.16).
std::optional<std::size_t> find_end(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < end_size) return {};
  const std::size_t last = bytes.size() - end_size;
  const std::size_t first = last > 0xffff ? last - 0xffff : 0;
  for (std::size_t i = last + 1; i-- > first;) {
    if (u32(bytes.data() + i) == end_signature &&
        i + end_size + u16(bytes.data() + i + 20) == bytes.size()) {
      return i;
    }
  }
  return {};
}

struct Directory {
  std::uint64_t entries = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

std::optional<Directory> find_directory(std::span<const std::uint8_t> bytes) {
  const auto end = find_end(bytes);
  if (!end) return {};
  const std::uint8_t* p = bytes.data() + *end;
  Directory directory{u16(p + 10), u32(p + 12), u32(p + 16)};
  std::size_t limit = *end;
  if (*end >= locator64_size && u32(p - locator64_size) == locator64_signature) {
    const std::uint64_t at = u64(p - locator64_size + 8);
    if (at > *end - locator64_size || *end - locator64_size - at < end64_size) return {};
    const std::uint8_t* q = bytes.data() + at;
    if (u32(q) != end64_signature) return {};
    directory = {u64(q + 32), u64(q + 40), u64(q + 48)};
    limit = static_cast<std::size_t>(at);
  }
  if (directory.offset > limit || directory.size > limit - directory.offset) return {};
  if (directory.entries > directory.size / entry_size) return {};
  return directory;
}

// The zip64 extra field (4.5.3) holds those of the three numbers that read "all ones" in the entry.
bool read_zip64(std::span<const std::uint8_t> extra, std::uint64_t& size, std::uint64_t& packed,
                std::uint64_t& local) {
  while (extra.size() >= 4) {
    const std::size_t length = u16(extra.data() + 2);
    if (length > extra.size() - 4) return false;
    if (u16(extra.data()) == 1) {
      auto field = extra.subspan(4, length);
      for (std::uint64_t* value : {&size, &packed, &local}) {
        if (*value != 0xffffffff) continue;
        if (field.size() < 8) return false;
        *value = u64(field.data());
        field = field.subspan(8);
      }
      return true;
    }
    extra = extra.subspan(4 + length);
  }
  return size != 0xffffffff && packed != 0xffffffff && local != 0xffffffff;
}

std::vector<std::uint8_t> inflate(std::span<const std::uint8_t> packed, std::uint64_t size,
                                  const std::string& what) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(what, ": zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
  std::vector<std::uint8_t> out;
  constexpr std::size_t most = 1u << 30;  // zlib counts in 32 bits
  int state = Z_OK;
  std::size_t taken = 0;
  std::size_t made = 0;
  while (state == Z_OK) {
    if (made == out.size()) {
      // Doubling: memory follows what was unpacked, not what the directory claims. One byte more
      // than claimed shows a member that is longer.
      const std::uint64_t more = std::max<std::uint64_t>(2 * made, packed.size() + 1024);
      out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(more, size + 1)));
    }
    const std::size_t in = std::min(packed.size() - taken, most);
    const std::size_t room = std::min(out.size() - made, most);
    stream.next_in = const_cast<std::uint8_t*>(packed.data()) + taken;
    stream.avail_in = static_cast<unsigned>(in);
    stream.next_out = out.data() + made;
    stream.avail_out = static_cast<unsigned>(room);
    state = ::inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += room - stream.avail_out;
    if (made > size) break;
  }
  if (state != Z_STREAM_END || made != size) {
    fail(what, ": damaged: ", made > size ? "more" : "less", " than the expected ", size,
         " bytes could be unpacked");
  }
  out.resize(made);
  return out;
}

}  // namespace

bool looks_like_zip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 4 &&
         (u32(bytes.data()) == local_signature || u32(bytes.data()) == end_signature);
}

ZipArchive::ZipArchive(const std::filesystem::path& path)
    : ZipArchive(map_file(path), path.string()) {}

ZipArchive::ZipArchive(SharedBytes bytes, std::string where)
    : bytes_(std::move(bytes)), where_(std::move(where)) {
  read_directory();
  check_overlaps();
}

void ZipArchive::read_directory() {
  const auto all = bytes_.span();
  const auto directory = find_directory(all);
  if (!directory) {
    fail(where_, ": expected a zip archive, found ",
         looks_like_zip(all) ? "a truncated or damaged one" : "something else");
  }
  auto rest = all.subspan(static_cast<std::size_t>(directory->offset),
                          static_cast<std::size_t>(directory->size));
  std::unordered_set<std::string> names;
  for (std::uint64_t i = 0; i < directory->entries; ++i) {
    if (rest.size() < entry_size || u32(rest.data()) != entry_signature) {
      fail(where_, ": damaged zip directory at entry ", i, " of ", directory->entries);
    }
    const std::uint8_t* p = rest.data();
    const std::size_t name_size = u16(p + 28);
    const std::size_t extra_size = u16(p + 30);
    const std::size_t comment_size = u16(p + 32);
    if (name_size + extra_size + comment_size > rest.size() - entry_size) {
      fail(where_, ": damaged zip directory at entry ", i, " of ", directory->entries);
    }
    ZipMember member;
    member.name.assign(reinterpret_cast<const char*>(p) + entry_size, name_size);
    member.method = u16(p + 10);
    member.crc = u32(p + 16);
    member.packed = u32(p + 20);
    member.size = u32(p + 24);
    std::uint64_t local = u32(p + 42);
    if (!read_zip64(rest.subspan(entry_size + name_size, extra_size), member.size, member.packed,
                    local)) {
      fail(where_, ": '", member.name, "': damaged zip64 sizes");
    }
    if (u16(p + 8) & 1) {
      fail(where_, ": '", member.name, "' is encrypted; unpack it with its password first");
    }
    // The local header repeats the name and has extra fields of its own length (4.3.7).
    if (local > all.size() || all.size() - local < local_size ||
        u32(all.data() + local) != local_signature) {
      fail(where_, ": '", member.name, "' is not where the zip directory says; truncated file?");
    }
    const std::uint8_t* q = all.data() + local;
    member.data = local + local_size + u16(q + 26) + u16(q + 28);
    if (member.data > directory->offset || member.packed > directory->offset - member.data) {
      fail(where_, ": '", member.name, "' reaches beyond the archive's data; truncated file?");
    }
    const bool stored = member.method == 0;
    if (stored ? member.size != member.packed : member.size / best_ratio > member.packed) {
      fail(where_, ": '", member.name, "' claims ", member.size, " bytes, which ", member.packed,
           " packed ones cannot hold");
    }
    if (!names.insert(member.name).second) {
      fail(where_, ": the archive has two members called '", member.name, "'");
    }
    members_.push_back(std::move(member));
    rest = rest.subspan(entry_size + name_size + extra_size + comment_size);
  }
}

// Members that share bytes are how a small archive unpacks into any amount of data.
void ZipArchive::check_overlaps() const {
  std::vector<const ZipMember*> sorted;
  for (const auto& member : members_) sorted.push_back(&member);
  const auto by_data = [](const ZipMember* a, const ZipMember* b) { return a->data < b->data; };
  std::sort(sorted.begin(), sorted.end(), by_data);
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const ZipMember& before = *sorted[i - 1];
    const std::uint64_t header = local_size + sorted[i]->name.size();
    if (before.data + before.packed + header > sorted[i]->data) {
      fail(where_, ": '", before.name, "' and '", sorted[i]->name, "' overlap in the archive");
    }
  }
}

const ZipMember* ZipArchive::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const ZipMember& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

SharedBytes ZipArchive::read(const ZipMember& member) const {
  const std::string what = where_ + ": '" + member.name + "'";
  const SharedBytes packed =
      bytes_.part(static_cast<std::size_t>(member.data), static_cast<std::size_t>(member.packed));
  if (member.method != 0 && member.method != 8) {
    fail(what, " is packed by method ", member.method, ", expected stored or deflated");
  }
  const SharedBytes out =
      member.method == 0 ? packed : SharedBytes(inflate(packed.span(), member.size, what));
  if (crc32_z(0, out.data(), out.size()) != member.crc) {
    fail(what, " is damaged: its checksum does not agree");
  }
  return out;
}

}  // namespace nescio::io
