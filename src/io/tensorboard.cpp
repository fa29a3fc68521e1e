#include "io/tensorboard.h"

#include <array>
#include <bit>

namespace nescio::io {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string out;
  for (std::size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string record(const std::string& data) {
  const auto masked_crc = [](std::string_view bytes) {
    return little_endian<std::uint32_t>(std::rotr(crc32c(bytes), 15) + 0xa282ead8u);
  };
  const std::string length = little_endian<std::uint64_t>(data.size());
  return length + masked_crc(length) + data + masked_crc(data);
}

// Fields of protocol buffers: number and wire type, then the value.
std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string key(std::uint64_t number, std::uint64_t wire_type) {
  return varint(number << 3 | wire_type);
}

std::string field(std::uint64_t number, double value) {
  return key(number, 1) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string field(std::uint64_t number, float value) {
  return key(number, 5) + little_endian(std::bit_cast<std::uint32_t>(value));
}
std::string field(std::uint64_t number, std::int64_t value) {
  return key(number, 0) + varint(static_cast<std::uint64_t>(value));
}
std::string field(std::uint64_t number, std::string_view bytes) {
  return key(number, 2) + varint(bytes.size()) + std::string(bytes);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = make_table();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~crc;
}

std::string event_file_start(double wall_time) {
  return record(field(1, wall_time) + field(3, std::string_view("brain.Event:2")));
}

std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, float value) {
  const std::string point = field(1, tag) + field(2, value);
  const std::string summary = field(1, std::string_view(point));
  return record(field(1, wall_time) + field(2, step) + field(5, std::string_view(summary)));
}

}  // namespace nescio::io
